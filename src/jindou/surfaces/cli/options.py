"""The options that commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["As", "AsJson", "Home", "Language", "group"]

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="PATH", help="Home folder of Jindou.  [default: $JINDOU_HOME or ~/.jindou]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who to be: clerk, warehouse, manager, …")]
Language = Annotated[
    Literal["en", "zh"] | None, typer.Option("--language", help="Language of the texts.  [default: the person's]")
]


def group(text: str) -> typer.Typer:
    """Return an empty group of commands, of which `text` is the help."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

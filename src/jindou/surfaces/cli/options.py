"""The options that commands share, and how to write them down again."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["TIME_FORMATS", "As", "AsJson", "Home", "Language", "command_group", "command_line"]

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="PATH", help="Home folder of Jindou.  [default: $JINDOU_HOME or ~/.jindou]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who to be: clerk, manager, …, or ORGANISATION/clerk")]
Language = Annotated[
    Literal["en", "zh"] | None, typer.Option("--language", help="Language of the texts.  [default: the person's]")
]

TIME_FORMATS = [
    "%Y-%m-%d",
    *(f"%Y-%m-%d{gap}%H:%M{seconds}{zone}" for gap in " T" for seconds in ("", ":%S") for zone in ("", "%z")),
]
"""How a time may be given: as it is printed, as in ISO 8601, or without a zone, in that of the terminal."""


def command_group(text: str) -> typer.Typer:
    """Return an empty group of commands, of which `text` is the help."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def command_line(home: Path | None, *words: str) -> str:
    """Return a command to type next, for the same home: ``jindou runs watch run_… --as clerk``."""
    given = ["--home", str(home)] if home else []
    return shlex.join(["jindou", *words, *given])

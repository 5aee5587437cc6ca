"""The options that commands share, and how to write them down again."""

import shlex
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from jindou.errors import Invalid

__all__ = ["As", "AsJson", "Home", "Language", "Misused", "command_group", "command_line", "when"]

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="PATH", help="Home folder of Jindou.  [default: $JINDOU_HOME or ~/.jindou]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who to be: clerk, manager, …, or ORGANISATION/clerk")]
Language = Annotated[
    Literal["en", "zh"] | None, typer.Option("--language", help="Language of the texts.  [default: the person's]")
]


class Misused(Invalid):
    """A command was given what does not go together, or is not written as it should be."""

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.code = code
        self.params |= params


def when(text: str) -> datetime:
    """Return the time that is given as it is printed or in ISO 8601; without a zone, in that of the terminal.

    Raises:
        BadParameter: it is no time.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time; write it as 2026-03-02 14:05.") from None


def command_group(text: str) -> typer.Typer:
    """Return an empty group of commands, of which `text` is the help."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def command_line(home: Path | None, *words: str) -> str:
    """Return a command to type next, for the same home: ``jindou runs watch run_… --as clerk``."""
    given = ["--home", str(home)] if home else []
    return shlex.join(["jindou", *words, *given])

"""How the terminal shows things: tables, moments, spans of time, JSON."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jindou.surfaces.cli.texts import Words

__all__ = ["console", "counted", "document", "in_own_zone", "moment", "one_line", "printable", "span", "table"]

_UTC = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_WIDE = 1000
"""Columns of an output that is no terminal: nothing is cut off."""


def console(*, stderr: bool = False) -> Console:
    """Return stdout or stderr; it is plain where it is no terminal or `NO_COLOR` is set."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=None if stream.isatty() else _WIDE)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Print rows under headers; `right` are the columns of numbers. The last column gives way in a narrow terminal."""
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for at, header in enumerate(headers):
        last = at == len(headers) - 1
        grid.add_column(
            header, justify="right" if at in right else "left", no_wrap=True, overflow="ellipsis" if last else "fold"
        )
    for row in rows:
        grid.add_row(*(Text(one_line(cell)) for cell in row))
    with (screen := console()).capture() as captured:
        screen.print(grid)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def document(value: BaseModel | Sequence[BaseModel] | dict[str, object]) -> None:
    """Print a value as one JSON document."""
    if isinstance(value, BaseModel):
        plain: object = value.model_dump(mode="json")
    elif isinstance(value, dict):
        plain = value
    else:
        plain = [item.model_dump(mode="json") for item in value]
    typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))


def counted(runs: int) -> str:
    """Return ``1 run`` or ``2 runs``."""
    return f"{runs} run" if runs == 1 else f"{runs} runs"


def moment(at: datetime) -> str:
    """Return ``2026-03-02 10:15+08:00``, in the time zone of whoever reads it, which is that of this machine."""
    return at.astimezone().isoformat(" ", "minutes")


def in_own_zone(text: str) -> str:
    """Return a sentence of the server with the times in it, which are in UTC to the second, in the reader's zone."""
    return _UTC.sub(lambda found: datetime.fromisoformat(f"{found[1]}+00:00").astimezone().isoformat(" "), text)


def span(start: datetime, end: datetime, words: Words) -> str:
    """Return how long something took: ``0.4 s``, ``3 min 05 s``, ``2 h 10 min``, or ``2 小时 10 分``."""
    seconds = max((end - start).total_seconds(), 0.0)
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return words("span.seconds", seconds=f"{seconds:.1f}")
    hours, left = divmod(minutes, 60)
    if hours:
        return words("span.hours", hours=hours, minutes=f"{left:02d}")
    return words("span.minutes", minutes=minutes, seconds=f"{rest:02d}")


def printable(text: str) -> str:
    """Return `text` without the control characters by which data could command the terminal; lines stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def one_line(text: str) -> str:
    """Return `text` printable, on one line."""
    return " ".join(printable(text).split())

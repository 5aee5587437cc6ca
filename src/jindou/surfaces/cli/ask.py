"""`jindou ask`."""

from pathlib import Path
from typing import Annotated

import typer

from jindou.surfaces.cli.connection import Seat, signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_line
from jindou.surfaces.cli.show import document
from jindou.surfaces.cli.texts import Words
from jindou.surfaces.cli.watching import EXIT_CODES, Watcher
from jindou_client.types import Run, RunStatus

__all__ = ["ask", "how_to_decide", "watch"]


def ask(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What should be done, in your own words.")],
    *,
    person: As,
    assistant: Annotated[str, typer.Option(help="The assistant to ask.")] = "after-sales",
    conversation: Annotated[str | None, typer.Option(metavar="ID", help="Go on with this conversation.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay while it waits for an approval.")] = False,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask an assistant, and watch what it does."""
    with signed_in(home, person, language) as seat:
        run = seat.client.runs.start(message, assistant, conversation)
        status = watch(seat, run, home, wait=wait, quiet=as_json)
        if as_json:
            document(seat.client.runs.get(run.id))
    raise typer.Exit(EXIT_CODES[status])


def watch(seat: Seat, run: Run, home: Path | None, *, wait: bool, quiet: bool = False) -> RunStatus:
    """Show a run from its beginning to its end, or without `wait` to where it waits; return how it stands there."""
    words = Words(seat.language)
    watch_it = command_line(home, "runs", "watch", run.id, "--as", seat.person.handle)
    try:
        if quiet:
            ends = {"run.finished"} if wait else {"run.finished", "run.waiting", "run.paused"}
            last = next(event for event in seat.client.runs.events(run.id) if event.type in ends)
            return last.run.status if last.run else "waiting"
        status = Watcher(words, lambda approval: how_to_decide(home, approval)).follow(
            seat.client.runs.events(run.id), wait=wait
        )
    except KeyboardInterrupt:
        typer.echo("\n" + words("run.goes_on", watch=watch_it), err=True)
        raise
    if status in {"waiting", "paused"}:
        typer.echo(words("run.watch", watch=watch_it), err=True)
    return status


def how_to_decide(home: Path | None, approval_id: str) -> list[str]:
    """Return the commands by which a manager decides an approval."""
    decide = ["approvals", "decide", approval_id, "--as", "manager"]
    return [command_line(home, *decide, "--approve"), command_line(home, *decide, "--deny", "--reason", "…")]

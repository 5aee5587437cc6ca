"""`jindou readings`."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou_client.types import ReadingPolicy

__all__ = ["group"]

group = command_group("Readings: who has read your conversations.")


@group.command("list")
def list_readings(
    *,
    person: As = "clerk",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Readings at most.")] = 100,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List who has read your conversations, and why."""
    with signed_in(home, person) as seat:
        found = seat.client.readings.list(limit)
    if as_json:
        document(found)
        return
    rows = [(one.id, moment(one.at), one.reader_name, one.conversation_id, one.reason) for one in found]
    table(("reading", "at", "by", "conversation", "reason"), rows)


@group.command("read")
def read(
    subject: Annotated[str, typer.Argument(metavar="ID", help="A conversation or a run: cnv_… or run_…")],
    *,
    reason: Annotated[str, typer.Option(help="Why; their person is shown it.")],
    person: As = "manager",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Read somebody else's conversation, once, where that is open."""
    with signed_in(home, person) as seat:
        found = seat.client.readings.read(subject, reason)
    if as_json:
        document(found)
        return
    typer.echo(one_line(f"{found.reading.conversation_id} of {found.reading.person_name}, who is shown this reading"))
    for run in found.runs:
        typer.echo(one_line(f"{moment(run.created_at)} {run.person_name}: {run.message}"))
        for step in run.journal:
            typer.echo(one_line(f"  {step.n} {step.name}: {step.status} {step.text or step.error or ''}"))
        typer.echo(one_line(f"  {run.status}: {run.answer or run.error or ''}"))


@group.command("show")
def show(*, person: As = "clerk", home: Home = None, as_json: AsJson = False) -> None:
    """Say whether administrators may read others' conversations."""
    with signed_in(home, person) as seat:
        _show(seat.client.readings.policy(), as_json=as_json)


@group.command("open")
def open_(*, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Let administrators read others' conversations.

    Each reading needs a reason, and everybody is shown that it is so.
    """
    with signed_in(home, person) as seat:
        _show(seat.client.readings.set_policy(is_open=True), as_json=as_json)


@group.command("close")
def close(*, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Close the conversations of the organisation again."""
    with signed_in(home, person) as seat:
        _show(seat.client.readings.set_policy(is_open=False), as_json=as_json)


def _show(found: ReadingPolicy, *, as_json: bool) -> None:
    if as_json:
        document(found)
        return
    by = f", by {found.changed_by_name} at {moment(found.changed_at)}" if found.changed_at else ""
    told = "Open: administrators may read them, with a reason" if found.open else "Closed: nobody reads others'"
    typer.echo(one_line(f"{told}{by}."))

"""`jindou readings`."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client.types import ReadingPolicy

__all__ = ["group"]

group = command_group("Readings: who has read your conversations.")


@group.command("list")
def list_readings(
    *,
    person: As = "clerk",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Readings at most.")] = 100,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List who has read your conversations, and why."""
    with signed_in(home, person, language) as seat:
        found = seat.client.readings.list(limit)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [(one.id, moment(one.at), one.reader_name, one.conversation_id, one.reason) for one in found]
    table(words.columns("reading", "at", "read by", "conversation", "reason"), rows)


@group.command("read")
def read(
    subject: Annotated[str, typer.Argument(metavar="ID", help="A conversation or a run: cnv_… or run_…")],
    *,
    reason: Annotated[str, typer.Option(help="Why; their person is shown it.")],
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Read somebody else's conversation, once, where that is open."""
    with signed_in(home, person, language) as seat:
        found = seat.client.readings.read(subject, reason)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    typer.echo(
        one_line(words("reading.of", conversation=found.reading.conversation_id, name=found.reading.person_name))
    )
    for run in found.runs:
        typer.echo(one_line(f"{moment(run.created_at)} {run.person_name}: {run.message}"))
        for step in run.journal:
            status = words(f"status.{step.status}")
            typer.echo(
                one_line(f"  {step.n} {words.of(step.title) or step.name}: {status} {step.text or step.error or ''}")
            )
        typer.echo(one_line(f"  {words(f'status.{run.status}')}: {run.answer or run.error or ''}"))


@group.command("show")
def show(*, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Say whether administrators may read others' conversations."""
    with signed_in(home, person, language) as seat:
        _show(seat.client.readings.policy(), Words(seat.language), as_json=as_json)


@group.command("open")
def open_(*, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Let administrators read others' conversations.

    Each reading needs a reason, and everybody is shown that it is so.
    """
    with signed_in(home, person, language) as seat:
        _show(seat.client.readings.set_policy(is_open=True), Words(seat.language), as_json=as_json)


@group.command("close")
def close(*, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Close the conversations of the organisation again."""
    with signed_in(home, person, language) as seat:
        _show(seat.client.readings.set_policy(is_open=False), Words(seat.language), as_json=as_json)


def _show(found: ReadingPolicy, words: Words, *, as_json: bool) -> None:
    if as_json:
        document(found)
        return
    typer.echo(words("readings.open" if found.open else "readings.closed"))
    if found.changed_at:
        typer.echo(one_line(words("readings.changed", name=found.changed_by_name, at=moment(found.changed_at))))

"""`jindou conversations`."""

from typing import Annotated

import typer

from jindou.surfaces.cli.assistants import titles_of
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, printable, table
from jindou.surfaces.cli.texts import Words

__all__ = ["group"]

group = command_group("Conversations with assistants.")


@group.command("list")
def list_conversations(
    *,
    person: As = "clerk",
    limit: Annotated[int, typer.Option(min=1, max=200, help="Conversations at most.")] = 20,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List a person's own conversations, the latest first."""
    with signed_in(home, person, language) as seat:
        found = seat.client.conversations.list(limit)
        titles = titles_of(seat)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (thread.id, moment(thread.updated_at), titles.get(thread.assistant, thread.assistant), thread.title)
        for thread in found
    ]
    table(words.columns("conversation", "updated", "assistant", "title"), rows)


@group.command("show")
def show(
    conversation_id: Annotated[str, typer.Argument(metavar="CONVERSATION", help="A conversation: cnv_…")],
    *,
    person: As = "clerk",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what was asked and answered, the oldest first."""
    with signed_in(home, person, language) as seat:
        found = seat.client.conversations.runs(conversation_id)
        titles = titles_of(seat)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    for run in found:
        typer.echo(f"{run.person_name}: {one_line(run.message)}")
        told = run.answer or "; ".join(words.of(rule.reason) for rule in run.rules) or words(f"status.{run.status}")
        typer.echo(f"{titles.get(run.assistant, run.assistant)}: {printable(told)}")
        typer.echo(f"    {run.id} · {words(f'status.{run.status}')} · {run.cost}\n")

"""`jindou usage` and `jindou bill`."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from jindou.surfaces.cli.assistants import titles_of
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client.types import MeterEvent, Quantities, Statement, StatementLine

__all__ = ["bill", "group"]

group = command_group("Usage: the bill by another name.")


@group.command("show")
def bill(
    *,
    person: As = "manager",
    days: Annotated[int, typer.Option(min=1, max=366, help="How far back.")] = 30,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what was used, and what it cost."""
    with signed_in(home, person, language) as seat:
        statement = seat.client.usage.statement(days)
        titles = {} if as_json else titles_of(seat)
    if as_json:
        document(statement)
    else:
        _show(statement, Words(seat.language), titles)


@group.command("unsettled")
def unsettled(*, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """List calls that are held: under way, or unknown."""
    with signed_in(home, person, language) as seat:
        found = seat.client.usage.statement().unsettled
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (a.id, words(f"attempt.{a.status}"), moment(a.at), a.sku, str(a.worst), a.run_id or a.key_id, a.reason)
        for a in found
    ]
    table(words.columns("attempt", "status", "since", "SKU", "held", "run or key", "why"), rows, right=(4,))


@group.command("reconcile")
def reconcile(
    attempt_id: Annotated[str, typer.Argument(metavar="ATTEMPT", help="An unknown call: att_…")],
    *,
    given: Annotated[int, typer.Option("--input", min=0, help="Tokens of the prompt, without the cached ones.")] = 0,
    cached: Annotated[int, typer.Option("--cached", min=0, help="Tokens of the prompt that came from the cache.")] = 0,
    made: Annotated[int, typer.Option("--output", min=0, help="Tokens of the answer, without its reasoning.")] = 0,
    reasoned: Annotated[int, typer.Option("--reasoning", min=0, help="Tokens of the reasoning.")] = 0,
    reason: Annotated[str, typer.Option(help="Where the figures come from.")],
    sku: Annotated[str | None, typer.Option(help="What answered, if not what is held: model:…")] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Settle a held call by figures that you looked up."""
    found = Quantities(input_tokens=given, cached_tokens=cached, output_tokens=made, reasoning_tokens=reasoned)
    with signed_in(home, person, language) as seat:
        cost = seat.client.usage.reconcile(attempt_id, found, reason, sku)
    if as_json:
        document(cost)
    else:
        typer.echo(one_line(Words(seat.language)("bill.settled", attempt=attempt_id, cost=cost)))


def _show(statement: Statement, words: Words, titles: Mapping[str, str]) -> None:
    typer.echo(f"{moment(statement.since)} – {moment(statement.until)}")
    typer.echo(words("bill.total", total=statement.total, calls=statement.events))
    if statement.unsettled:
        typer.echo(words("bill.held", held=statement.held, calls=len(statement.unsettled)))
    groups = {
        "by SKU": statement.by_sku,
        "by person": statement.by_person,
        "by assistant": statement.by_assistant,
        "by key": statement.by_key,
        "by day": statement.by_day,
    }
    for title, lines in groups.items():
        _lines(title, lines, words, titles if lines is statement.by_assistant else {})
    _latest(statement.latest, words)


def _lines(title: str, lines: Sequence[StatementLine], words: Words, names: Mapping[str, str]) -> None:
    typer.echo()
    rows = [(names.get(line.key, line.label), str(line.events), *_quantities(line), str(line.cost)) for line in lines]
    table(words.columns(title, "events", "input", "cached", "output", "cost"), rows, right=(1, 2, 3, 4, 5))


def _latest(events: Sequence[MeterEvent], words: Words) -> None:
    typer.echo()
    rows = [
        (moment(event.at), event.sku, *_quantities(event), str(event.cost), event.run_id or event.key_id)
        for event in events
    ]
    table(words.columns("latest", "SKU", "input", "cached", "output", "cost", "run or key"), rows, right=(2, 3, 4, 5))


def _quantities(of: StatementLine | MeterEvent) -> tuple[str, str, str]:
    """Tokens in, from the cache, and out."""
    used = of.quantities
    return f"{used.input_tokens:,}", f"{used.cached_tokens:,}", f"{used.output_tokens:,}"

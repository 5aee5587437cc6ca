"""`jindou audit`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from jindou.errors import Corrupt
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group, when
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou.surfaces.problems import PROBLEMS
from jindou_client.audit import AuditFilters, Decision
from jindou_client.types import AuditEvent

__all__ = ["group"]

group = command_group("The audit trail: who did what, by which rule.")


@group.command("list")
def list_events(
    *,
    who: Annotated[str, typer.Option(metavar="HANDLE|ID", help="Who did it, had it done, or was done to.")] = "",
    action: Annotated[str, typer.Option(metavar="BEGINNING", help="How the action begins.")] = "",
    decision: Annotated[Decision | None, typer.Option(help="What was decided.")] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=when, metavar="TIME", help="Then or later: 2026-03-02 14:05.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(parser=when, metavar="TIME", help="Before that.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Events at most.")] = 30,
    before: Annotated[int | None, typer.Option(min=1, help="Only events older than this number.")] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Find events by what is given, all of it, the newest first."""
    filters: AuditFilters = {"who": who, "action": action, "limit": limit}
    if decision is not None:
        filters["decision"] = decision
    if since is not None:
        filters["since"] = since
    if until is not None:
        filters["until"] = until
    if before is not None:
        filters["before"] = before
    with signed_in(home, person, language) as seat:
        found = seat.client.audit.search(**filters)
        handles = {} if as_json else {one.id: one.handle for one in seat.client.principals.list()}
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            str(event.seq),
            moment(event.at),
            _who(event, handles, words),
            event.action,
            handles.get(event.resource, event.resource),
            words.value(event.decision),
            ", ".join(event.rules),
        )
        for event in found
    ]
    table(words.columns("event", "at", "who", "action", "on", "decision", "rules"), rows, right=(0,))


def _who(event: AuditEvent, handles: Mapping[str, str], words: Words) -> str:
    actor, person = (handles.get(id_, id_) for id_ in (event.actor, event.on_behalf_of))
    return actor if actor == person else words("audit.for", actor=actor, person=person)


@group.command("verify")
def verify(*, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Check the chain; ends with 12 if it is broken."""
    with signed_in(home, person, language) as seat:
        found = seat.client.audit.verify()
    words = Words(seat.language)
    if as_json:
        document(found)
    elif found.ok:
        typer.echo(words("audit.holds", events=found.events, head=found.head))
    else:
        typer.echo(words("audit.broken", findings=len(found.findings), events=found.events))
        for finding in found.findings:
            typer.echo(one_line(f"  event {finding.seq} {finding.kind}: {finding.message}"))
    raise typer.Exit(0 if found.ok else PROBLEMS[Corrupt].exit_code)

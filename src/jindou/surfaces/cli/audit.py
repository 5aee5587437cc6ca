"""`jindou audit`."""

from typing import Annotated

import typer

from jindou.errors import Corrupt
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.problems import PROBLEMS

__all__ = ["group"]

group = command_group("The audit trail: who did what, by which rule.")


@group.command("list")
def list_events(
    *,
    person: As = "manager",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Events at most.")] = 30,
    before: Annotated[int | None, typer.Option(min=1, help="Only events older than this number.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List the newest events first."""
    with signed_in(home, person) as seat:
        found = seat.client.audit.list(limit, before)
    if as_json:
        document(found)
        return
    rows = [
        (
            str(event.seq),
            moment(event.at),
            event.actor if event.actor == event.on_behalf_of else f"{event.actor} for {event.on_behalf_of}",
            event.action,
            event.resource,
            event.decision,
            ", ".join(event.rules),
        )
        for event in found
    ]
    table(("event", "at", "who", "action", "on", "decision", "rules"), rows, right=(0,))


@group.command("verify")
def verify(*, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Check the chain; ends with 12 if an event was changed, removed or inserted."""
    with signed_in(home, person) as seat:
        found = seat.client.audit.verify()
    if as_json:
        document(found)
    elif found.ok:
        typer.echo(f"The chain holds: {found.events} events, head {found.head}.")
    else:
        typer.echo(f"The chain is broken: {len(found.findings)} findings in {found.events} events.")
        for finding in found.findings:
            typer.echo(one_line(f"  event {finding.seq} {finding.kind}: {finding.message}"))
    raise typer.Exit(0 if found.ok else PROBLEMS[Corrupt].exit_code)

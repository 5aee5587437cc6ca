"""`jindou approvals`."""

import json
from typing import Annotated, Literal

import typer

from jindou.surfaces.cli.ask import how_to_decide
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou.surfaces.cli.watching import Watcher, diff
from jindou_client.types import ApprovalStatus

__all__ = ["group"]

group = command_group("Approvals: calls that wait for a person.")

ApprovalId = Annotated[str, typer.Argument(metavar="APPROVAL", help="An approval: apr_…")]


@group.command("list")
def list_approvals(
    *,
    person: As = "manager",
    status: Annotated[ApprovalStatus | None, typer.Option(help="Only those.  [default: all]")] = None,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what a person asked for or may decide, the newest first."""
    with signed_in(home, person, language) as seat:
        found = seat.client.approvals.list(status)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            approval.id,
            words(f"status.{approval.status}"),
            approval.requested_by_name,
            words.of(approval.tool_title),
            moment(approval.expires_at),
            "; ".join(f"{words.of(c.label)}: {diff(c)}" for c in approval.changes),
        )
        for approval in found
    ]
    table(("approval", "status", "asked by", "what", "until", "changes"), rows)


@group.command("show")
def show(
    approval_id: ApprovalId,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what a call would change, and why it waits."""
    with signed_in(home, person, language) as seat:
        approval = seat.client.approvals.get(approval_id)
    if as_json:
        document(approval)
        return
    words = Words(seat.language)
    waits = approval.status == "waiting"
    watcher = Watcher(words, lambda id_: how_to_decide(home, id_) if waits else (), stderr=False)
    watcher.line(words("approval.asks", name=approval.requested_by_name, message=approval.message))
    watcher.line(f"  {words.of(approval.tool_title)}: {json.dumps(approval.arguments, ensure_ascii=False)}")
    watcher.approval(approval)
    if not waits:
        watcher.decided(approval.status, approval.decided_by_name, approval.reason)


@group.command("decide")
def decide(
    approval_id: ApprovalId,
    *,
    person: As = "manager",
    approve: Annotated[bool | None, typer.Option("--approve/--deny", help="Your decision.", show_default=False)] = None,
    reason: Annotated[str, typer.Option(help="Why; a denial needs it.", show_default=False)] = "",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Approve or deny exactly this call."""
    if approve is None:
        raise typer.BadParameter("Say --approve, or --deny --reason '…'.")
    decision: Literal["approve", "deny"] = "approve" if approve else "deny"
    with signed_in(home, person, language) as seat:
        approval = seat.client.approvals.decide(approval_id, decision, reason)
    if as_json:
        document(approval)
    else:
        typer.echo(one_line(f"{approval.id}: {Words(seat.language)(f'status.{approval.status}')}"))

"""`jindou approvals`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import typer

from jindou.errors import Conflict
from jindou.surfaces.cli.ask import how_to_decide
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, Misused, command_group, when
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou.surfaces.cli.watching import Watcher, diff
from jindou_client.approvals import Approvals
from jindou_client.errors import NotFound
from jindou_client.types import Approval, ApprovalStatus, Change, Outcome

__all__ = ["group"]


class NothingWaits(Conflict):
    """Nothing that could be decided is there."""

    code = "nothing_waits"


group = command_group("Approvals: calls that wait for a person.")

ApprovalId = Annotated[str, typer.Argument(metavar="APPROVAL", help="An approval: apr_…")]


@group.command("list")
def list_approvals(
    *,
    person: As = "manager",
    status: Annotated[ApprovalStatus | None, typer.Option(help="Only those.  [default: all]")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 100,
    before: Annotated[str | None, typer.Option(metavar="APPROVAL", help="Only those older than this one.")] = None,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what a person asked for or may decide, the newest first."""
    with signed_in(home, person, language) as seat:
        found = seat.client.approvals.list(status, limit=limit, before=before)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            approval.id,
            _status(approval, words),
            approval.requested_by_name,
            words.of(approval.tool_title),
            moment(approval.expires_at),
            "; ".join(f"{words.of(c.label)}: {diff(c)}" for c in _changes(approval)),
        )
        for approval in found
    ]
    table(words.columns("approval", "status", "asked by", "what", "until", "changes"), rows)


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
        watcher.decided(approval.model_dump())


@group.command("decide")
def decide(
    approval_ids: Annotated[list[str] | None, typer.Argument(metavar="APPROVAL…", help="Approvals: apr_…")] = None,
    *,
    person: As = "manager",
    approve: Annotated[bool, typer.Option("--approve", help="Let it be done.")] = False,
    deny: Annotated[bool, typer.Option("--deny", help="Let it not be done.")] = False,
    reason: Annotated[str, typer.Option(help="Why; a denial needs it.", show_default=False)] = "",
    like: Annotated[
        str | None, typer.Option("--all-like", metavar="APPROVAL", help="All that wait of its kind.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--change", metavar="NAME=VALUE", help="Change an argument, then approve.")
    ] = None,
    as_now: Annotated[bool, typer.Option("--as-now", help="Approve what has changed, as it is now.")] = False,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Approve or deny exactly this call, or each of many."""
    if approve is deny:
        raise Misused("either_decision", "Say either --approve, or --deny --reason '…'.")
    if deny and not reason.strip():
        raise Misused("no_reason", "A denial needs a --reason; the person who asked will read it.")
    if not approval_ids and like is None:
        raise Misused("no_approvals", "Name the approvals, or one with --all-like.")
    decision: Literal["approve", "deny"] = "approve" if approve else "deny"
    with signed_in(home, person, language) as seat:
        client, words = seat.client.approvals, Words(seat.language)
        if like is None and approval_ids and len(approval_ids) == 1:
            seen = client.get(approval_ids[0])
            arguments = _changed(seen.arguments, change) if change else None
            facts = seen.now.facts_hash if as_now and seen.now else None
            approval = client.decide(
                seen.id,
                decision,
                reason,
                arguments=arguments,
                arguments_hash=seen.arguments_hash,
                facts_hash=facts or None,
            )
            _tell(approval, words, as_json=as_json)
            return
        if change or as_now:
            raise Misused("changes_one", "--change and --as-now are for one approval.")
        many, missing = _find(client, dict.fromkeys(approval_ids or ()))
        many |= {one.id: one for one in (client.list_alike(like) if like else ())}
        if not many and not missing:
            raise NothingWaits("Nothing of that kind waits for a decision any more.")
        outcomes = [*missing, *(client.decide_each(list(many.values()), decision, reason) if many else ())]
    _tell_each(many, outcomes, words, as_json=as_json)


@group.command("link")
def link(
    approval_id: ApprovalId,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Print a link with which a person decides once."""
    with signed_in(home, person, language) as seat:
        made = seat.client.approvals.create_link(approval_id)
    if as_json:
        document(made)
    else:
        typer.echo(made.url)


@group.command("delegate")
def delegate(
    to: Annotated[str, typer.Argument(metavar="PERSON", help="Who may decide for you.")],
    *,
    until: Annotated[
        datetime,
        typer.Option(parser=when, metavar="TIME", help="When it ends: 2026-03-02 14:05, in your time zone."),
    ],
    since: Annotated[
        datetime | None,
        typer.Option("--from", parser=when, metavar="TIME", help="When it begins.  [default: now]"),
    ] = None,
    assistant: Annotated[str | None, typer.Option(help="Only for this assistant.")] = None,
    tool: Annotated[str | None, typer.Option(help="Only for this tool.")] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Hand your right to decide to somebody, for a time."""
    with signed_in(home, person, language) as seat:
        made = seat.client.approvals.delegate(
            to,
            until,
            starts_at=since,
            assistant=assistant,
            tool=tool,
        )
    if as_json:
        document(made)
    else:
        typer.echo(f"{made.id}: {made.from_name} → {made.to_name}, {moment(made.starts_at)} – {moment(made.ends_at)}")


@group.command("delegations")
def list_delegations(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List the rights you handed on or were handed."""
    with signed_in(home, person, language) as seat:
        found = seat.client.approvals.list_delegations()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            one.id,
            one.from_name,
            one.to_name,
            one.assistant or words.value("all"),
            one.tool or words.value("all"),
            moment(one.starts_at),
            moment(one.ends_at),
            words.value("active" if one.is_active else "revoked") if one.is_active or one.revoked_at else "–",
        )
        for one in found
    ]
    table(words.columns("delegation", "from", "to", "assistant", "tool", "starts", "ends", "status"), rows)


@group.command("revoke")
def revoke(
    delegation_id: Annotated[str, typer.Argument(metavar="DELEGATION", help="A delegation: dlg_…")],
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take back a right that you handed on."""
    with signed_in(home, person, language) as seat:
        taken = seat.client.approvals.revoke(delegation_id)
    if as_json:
        document(taken)
    else:
        typer.echo(f"{taken.id}: {Words(seat.language).value('revoked')}")


def _find(client: Approvals, ids: Iterable[str]) -> tuple[dict[str, Approval], list[Outcome]]:
    """Return the approvals that there are, and what is to be said of the others."""
    found: dict[str, Approval] = {}
    missing: list[Outcome] = []
    for id_ in ids:
        try:
            found[id_] = client.get(id_)
        except NotFound as error:
            missing.append(Outcome(approval_id=id_, code=error.code, detail=str(error)))
    return found, missing


def _changed(arguments: Mapping[str, object], changes: Sequence[str]) -> dict[str, object]:
    """Return the arguments with `changes`; a value is JSON, or else a text."""
    changed = dict(arguments)
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise Misused("no_change", f"{change!r} is not NAME=VALUE.", change=change)
        try:
            changed[name] = json.loads(value)
        except ValueError:
            changed[name] = value
    return changed


def _status(approval: Approval, words: Words) -> str:
    """Return how an approval stands: how many have approved, where several must, and whether it is as it was asked."""
    told = [words(f"status.{approval.status}")]
    if approval.needed > 1:
        told.append(f"{len(approval.votes)}/{approval.needed}")
    if approval.now is not None and approval.now.state != "same":
        told.append(words(f"now.{approval.now.state}"))
    return " · ".join(told)


def _changes(approval: Approval) -> Sequence[Change]:
    return (approval.now.changes if approval.now else ()) or approval.changes


def _tell(approval: Approval, words: Words, *, as_json: bool) -> None:
    if as_json:
        document(approval)
        return
    votes = f" ({len(approval.votes)}/{approval.needed})" if approval.needed > 1 else ""
    typer.echo(one_line(f"{approval.id}: {words(f'status.{approval.status}')}{votes}"))


def _tell_each(seen: Mapping[str, Approval], outcomes: Sequence[Outcome], words: Words, *, as_json: bool) -> None:
    """Show what became of each, and end with 1 where one was not decided."""
    if as_json:
        document(outcomes)
    else:
        rows = [
            (
                outcome.approval_id,
                words(f"status.{outcome.status or 'undecided'}"),
                one.requested_by_name if one else "–",
                words.complaint(outcome.code, outcome.detail, outcome.reasons)
                or "; ".join(f"{words.of(c.label)}: {diff(c)}" for c in (one.changes if one else ())),
            )
            for outcome in outcomes
            for one in (seen.get(outcome.approval_id),)
        ]
        table(words.columns("approval", "status", "asked by", "what"), rows)
    if any(outcome.code for outcome in outcomes):
        raise typer.Exit(1)

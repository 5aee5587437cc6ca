"""The inbox: what waits for a person's decision. Plain forms, so that deciding needs no script."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.agents.approvals import Approval, NewDelegation, Verdict
from jindou.errors import Conflict, Forbidden, Invalid, Unavailable
from jindou.surfaces.console.pages import HEADERS, fragment, page
from jindou.surfaces.deciding import Ballot, Batch, Outcome, decide_each, look_afresh
from jindou.surfaces.deciding import decide as decide_one
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["TROUBLES", "router"]

router = APIRouter()

TROUBLES: Mapping[str, str] = {
    "approval_changed": "changed",
    "approval_decided": "decided",
    "approval_void": "void",
    "tool_broken": "broken",
    "tool_silent": "silent",
}
"""What the page says of what stands in the way, by its code."""

_MOST_OPEN = 500
_NO_MORE = 286
"""Shown, and not asked for again: htmx's own status."""


class DecisionForm(BaseModel):
    """A decision as it was typed; `name` and `value` are the arguments, in their order, where they may be changed."""

    model_config = ConfigDict(extra="ignore")

    decision: str = ""
    reason: str = ""
    arguments_hash: str | None = None
    facts_hash: str | None = None
    name: list[str] = []
    value: list[str] = []

    def verdict(self, arguments: Mapping[str, object]) -> Verdict:
        """Return what was decided about a call with `arguments`.

        Raises:
            ValidationError: it makes no sense.
        """
        typed = dict(zip(self.name, self.value, strict=False))
        changed = {name: _as_before(text, arguments.get(name)) for name, text in typed.items()}
        return Verdict.model_validate(
            {
                "decision": self.decision,
                "reason": self.reason,
                "arguments_hash": self.arguments_hash,
                "facts_hash": self.facts_hash,
                "arguments": changed or None,
            }
        )


@router.get("/approvals")
def list_approvals(request: Request) -> Response:
    """Show what waits, and below it what was decided."""
    return _inbox(request)


@router.get("/approvals/badge")
def show_badge(request: Request) -> Response:
    """Show how many wait for the viewer; the navigation asks every few seconds."""
    who = signed_in(request)
    with reading(request) as work:
        waiting = platform_of(request).approvals.count_waiting(work, who)
    return fragment(request, "parts/badge.html", who=who, waiting=waiting)


@router.post("/approvals/decisions")
def decide_many(
    request: Request,
    decision: Annotated[str, Form()],
    approval: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Decide about every call that was ticked, and say of each what became of it."""
    ballots = [
        Ballot(approval_id=id_, arguments_hash=seen) for id_, _, seen in (a.partition(":") for a in approval or [])
    ]
    if decision == "deny" and not reason.strip():
        return _inbox(request, status=422, trouble="reason")
    try:
        batch = Batch.model_validate({"approvals": ballots, "decision": decision, "reason": reason})
    except ValidationError:
        return _inbox(request, status=422, trouble="none_ticked")
    return _inbox(request, outcomes=decide_each(request, batch))


@router.post("/approvals/delegations")
def delegate(
    request: Request,
    to: Annotated[str, Form()],
    days: Annotated[int, Form(ge=1, le=90)],
    assistant: Annotated[str, Form()] = "",
) -> Response:
    """Hand the viewer's right to decide to somebody else, from now on."""
    who = signed_in(request)
    services = platform_of(request)
    try:
        with writing(request) as work:
            ends_at = work.now() + timedelta(days=days)
            new = NewDelegation(to=to, ends_at=ends_at, assistant=assistant or None)
            services.approvals.delegations.create(work, who, new)
    except Forbidden:
        return _inbox(request, status=403, trouble="nothing_to_hand_on")
    except (ValidationError, Invalid):
        return _inbox(request, status=422, trouble="delegation")
    return RedirectResponse("/approvals", status_code=303)


@router.post("/approvals/delegations/{delegation_id}/revocation")
def revoke(request: Request, delegation_id: str) -> Response:
    """Take a right back."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).approvals.delegations.revoke(work, who, delegation_id)
    return RedirectResponse("/approvals", status_code=303)


@router.get("/approvals/{approval_id}")
def show_approval(request: Request, approval_id: str) -> Response:
    """Show one request for approval."""
    return _show(request, approval_id)


@router.get("/approvals/{approval_id}/news")
def show_news(request: Request, approval_id: str, seen: str = "") -> Response:
    """Show that a request is no longer as it was `seen`, if so; its page asks every few seconds."""
    who = signed_in(request)
    with reading(request) as work:
        approval = platform_of(request).approvals.get(work, who, approval_id)
    if _state(approval) == seen:
        return Response(status_code=204, headers=HEADERS)
    return fragment(request, "parts/approval_news.html", who=who, approval=approval, status=_NO_MORE)


@router.post("/approvals/{approval_id}")
def decide(request: Request, approval_id: str, typed: Annotated[DecisionForm, Form()]) -> Response:
    """Approve, with other arguments if they were typed, or deny; what stands in the way is said on the page."""
    who = signed_in(request)
    with reading(request) as work:
        arguments = platform_of(request).approvals.get(work, who, approval_id).arguments
    try:
        decide_one(request, approval_id, typed.verdict(arguments))
    except ValidationError:
        return _show(request, approval_id, status=422, typed=typed, trouble="unreadable")
    except Invalid as error:
        trouble = "reason" if error.field == "reason" else "arguments"
        return _show(request, approval_id, status=422, typed=typed, trouble=trouble, detail=error.message)
    except Conflict as error:
        trouble = TROUBLES.get(error.code, "decided")
        return _show(request, approval_id, status=409, typed=typed, trouble=trouble)
    except Unavailable as error:
        if error.code not in TROUBLES:
            raise
        return _show(request, approval_id, status=503, typed=typed, trouble=TROUBLES[error.code])
    return RedirectResponse(f"/approvals/{approval_id}", status_code=303)


def _inbox(request: Request, *, status: int = 200, trouble: str = "", outcomes: Sequence[Outcome] = ()) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        # Asked for apart: however much has been decided since, nothing that waits is pushed off the page.
        open_ = services.approvals.list_approvals(work, who, "waiting", limit=_MOST_OPEN)
        closed = [one for one in services.approvals.list_approvals(work, who) if one.status != "waiting"]
        waiting = services.approvals.count_waiting(work, who)
        delegations = services.approvals.delegations.list_delegations(work, who)
        people = services.principals.list_people(work)
    open_ = look_afresh(request, who.org_id, open_)
    alike, alone = _by_kind(open_)
    return page(
        request,
        "approvals.html",
        who=who,
        waiting=waiting,
        status=status,
        section="approvals",
        alike=alike,
        open=alone,
        closed=closed,
        seen={approval.id: approval for approval in (*open_, *closed)},
        outcomes=outcomes,
        troubles=TROUBLES,
        trouble=trouble,
        delegations=[one for one in delegations if one.is_active],
        people=[person for person in people if person.id != who.person_id],
        assistants=(assistants := services.assistants.list_assistants()),
        named={one.slug: one.title for one in assistants},
    )


def _by_kind(approvals: Sequence[Approval]) -> tuple[list[list[Approval]], list[Approval]]:
    """Return those of which the viewer may approve several alike, kind by kind, and the others."""

    def kind(one: Approval) -> tuple[bool, str]:
        return not (one.can_decide and one.holds), one.alike

    kinds = groupby(sorted(approvals, key=kind), lambda one: (one.can_decide and one.holds, one.alike))
    groups = [(may, list(group)) for (may, _), group in kinds]
    several = [group for may, group in groups if may and len(group) > 1]
    together = {one.id for group in several for one in group}
    return several, [one for one in approvals if one.id not in together]


def _show(
    request: Request,
    approval_id: str,
    *,
    status: int = 200,
    typed: DecisionForm | None = None,
    trouble: str = "",
    detail: str = "",
) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        approval = services.approvals.get(work, who, approval_id)
        waiting = services.approvals.count_waiting(work, who)
    (approval,) = look_afresh(request, who.org_id, [approval])
    return page(
        request,
        "approval.html",
        who=who,
        waiting=waiting,
        status=status,
        section="approvals",
        approval=approval,
        seen=_state(approval),
        reason=typed.reason if typed else "",
        trouble=trouble,
        detail=detail,
    )


def _state(approval: Approval) -> str:
    """Return what changes when somebody else edits a request, or decides about it."""
    voters = ".".join(vote.person_id for vote in approval.votes)
    return f"{approval.status}.{approval.arguments_hash}.{voters}"


def _as_before(text: str, before: Any) -> object:
    """Return what was typed as the kind of value that stood there: a text stays one, all else is JSON."""
    if isinstance(before, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text

"""Links with which one person decides about one call, once, without signing in.

A link is signed with a key of the home, and bound to the approval, to its arguments and to the person. It gives no
right: the rules look at what the person may when the link is used.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlalchemy import CursorResult, select, update

from jindou.agents.approvals.foresight import Foreseen
from jindou.agents.approvals.tables import LinkRow
from jindou.agents.approvals.types import Approval, Verdict
from jindou.db import Work
from jindou.errors import Forbidden, Unauthenticated
from jindou.identity.principals import PersonInactive, Principal, Principals
from jindou.telemetry import Clock

__all__ = ["Claim", "DecisionLink", "LinkInvalid", "LinkUsed", "Links"]

_MOST = timedelta(hours=24)
_NOTHING = Foreseen()


class LinkInvalid(Unauthenticated):
    """The link is too old, or never was one."""

    code = "approval_link_invalid"


class LinkUsed(Unauthenticated):
    """Somebody has decided with the link already."""

    code = "approval_link_used"


class Claim(BaseModel):
    """What a link says, once its signature has been checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    org_id: str
    approval_id: str
    arguments_hash: str
    person_id: str
    expires_at: AwareDatetime


class DecisionLink(BaseModel):
    """A link that its person can decide with, once."""

    id: str
    approval_id: str
    token: str
    expires_at: AwareDatetime

    @property
    def path(self) -> str:
        """The page where one decides with it."""
        return f"/approvals/links/{self.token}"


class Links:
    """Makes links and takes them."""

    def __init__(
        self,
        key: bytes,
        principals: Principals,
        get: Callable[[Work, Principal, str], Approval],
        decide: Callable[[Work, Principal, str, Verdict, Foreseen], Approval],
    ) -> None:
        self._key = key
        self._principals = principals
        self._get = get
        self._decide = decide

    def create(self, work: Work, who: Principal, approval_id: str) -> DecisionLink:
        """Make a link for oneself; it is good for a day at most.

        Raises:
            NotFound: there is no such approval that this person may know of.
            Forbidden: one may not decide it now.
        """
        approval = self._get(work, who, approval_id)
        if not approval.can_decide:
            raise Forbidden("A link is for somebody who may decide, and has not.", rules=["jindou.link-of-a-decider"])
        return self._issue(work, who, approval, work.new_id("lnk"), work.now())

    def issue(self, work: Work, who: Principal, approval: Approval) -> DecisionLink:
        """Make the link that is sent to somebody who may decide; asked again, it is the same."""
        bound = f"{approval.id}.{approval.arguments_hash}.{who.person_id}"
        link_id = f"lnk_{hashlib.sha256(bound.encode()).hexdigest()[:32]}"
        return self._issue(work, who, approval, link_id, approval.created_at)

    def _issue(self, work: Work, who: Principal, approval: Approval, link_id: str, since: datetime) -> DecisionLink:
        claim = Claim(
            id=link_id,
            org_id=who.org_id,
            approval_id=approval.id,
            arguments_hash=approval.arguments_hash,
            person_id=who.person_id,
            expires_at=min(approval.expires_at, since + _MOST),
        )
        if work.session.scalars(select(LinkRow).where(LinkRow.id == claim.id)).first() is None:
            work.session.add(LinkRow(id=claim.id, org_id=who.org_id, approval_id=approval.id, person_id=who.person_id))
        return DecisionLink(id=claim.id, approval_id=approval.id, token=self._sign(claim), expires_at=claim.expires_at)

    def read(self, token: str, clock: Clock) -> Claim:
        """Return what a link says, if it is one of ours and not too old.

        Raises:
            LinkInvalid: it is not.
        """
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            raise _invalid()
        try:
            claim = Claim.model_validate_json(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (ValidationError, binascii.Error):
            raise _invalid() from None
        if claim.expires_at <= clock.now():
            raise _invalid()
        return claim

    def show(self, work: Work, claim: Claim) -> Approval:
        """Return the approval of a link. Looking decides nothing and uses nothing up: link previewers look too.

        Raises:
            LinkUsed: the link has been used.
            NotFound: its person may not know of the approval any more.
        """
        return self._get(work, self.person(work, claim), claim.approval_id)

    def person(self, work: Work, claim: Claim) -> Principal:
        """Return the person of a link that has not been used.

        Raises:
            LinkUsed: it has.
            LinkInvalid: they have left.
        """
        row = work.session.scalars(select(LinkRow).where(LinkRow.id == claim.id)).first()
        if row is None or row.used_at is not None:
            raise _used()
        return self._who(work, claim)

    def verdict(self, claim: Claim, verdict: Verdict) -> Verdict:
        """Return a verdict as it can be given with a link: about the arguments that it was made for."""
        return verdict.model_copy(update={"arguments": None, "arguments_hash": claim.arguments_hash})

    def decide(self, work: Work, claim: Claim, verdict: Verdict, foreseen: Foreseen = _NOTHING) -> Approval:
        """Decide as the link's person, with the rights that they have now, about the arguments that it was made for.

        Raises:
            LinkUsed: the link has been used.
            NotFound, Forbidden, Conflict, Invalid: as for any decision; the link can then still be used.
        """
        unused = LinkRow.id == claim.id, LinkRow.used_at.is_(None)
        taken = work.session.execute(update(LinkRow).where(*unused).values(used_at=work.now()))
        if not isinstance(taken, CursorResult) or taken.rowcount != 1:
            raise _used()
        bound = self.verdict(claim, verdict)
        return self._decide(work, self._who(work, claim), claim.approval_id, bound, foreseen)

    def end_all(self, work: Work, person_id: str) -> None:
        """Let nobody decide with the links of a person any more."""
        unused = LinkRow.person_id == person_id, LinkRow.used_at.is_(None)
        work.session.execute(update(LinkRow).where(*unused).values(used_at=work.now()))

    def _who(self, work: Work, claim: Claim) -> Principal:
        try:
            return self._principals.principal(work, claim.org_id, claim.person_id, actor=f"link:{claim.id}")
        except PersonInactive:
            raise _invalid() from None

    def _sign(self, claim: Claim) -> str:
        body = base64.urlsafe_b64encode(claim.model_dump_json().encode()).decode().rstrip("=")
        return f"{body}.{self._signature(body)}"

    def _signature(self, body: str) -> str:
        digest = hmac.new(self._key, b"approval-link." + body.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _invalid() -> LinkInvalid:
    return LinkInvalid("This link is too old, or never was one. Sign in to decide.")


def _used() -> LinkUsed:
    return LinkUsed("This link has been used. Sign in to see what was decided.")

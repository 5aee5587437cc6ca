"""The audit trail: one hash chain for each organisation, appended in the transaction of what it records.

The head is also published to a file outside the database, so that somebody who can rewrite the database, and
shorten its chain consistently, is still found out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from jindou.db import Query, Work
from jindou.errors import Corrupt
from jindou.identity.audit.chain import Head, verify_chain
from jindou.identity.audit.searching import query_of
from jindou.identity.audit.tables import AuditEventRow, AuditHeadRow
from jindou.identity.audit.types import GENESIS, AuditEvent, AuditSearch, Entry, Verification, hash_of
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["Audit"]

_HEAD = Query(AuditHeadRow, AuditHeadRow.org_id == bindparam("of"), lock=True)
_FIELDS = tuple(AuditEvent.model_fields)
_EVERYTHING = AuditSearch()


class _Published(BaseModel):
    """One line of the file of heads."""

    org_id: str
    seq: int = Field(ge=1)
    hash: str


_UNREADABLE = (ValueError, TypeError, SQLAlchemyError)
"""What reading a row raises whose columns hold something else than their types."""


class TrailUnreadable(Corrupt):
    """Somebody has written into the trail what is no event."""

    code = "trail_unreadable"


class Audit:
    """Appends to, lists and verifies the chains. `published` is the file that heads are written to."""

    def __init__(self, published: Path, policy: Policy) -> None:
        self._published = published
        self._policy = policy
        self._newest: dict[str, Head] = {}
        self._written: dict[str, Head] = {}

    def append(self, work: Work, org_id: str, *, actor: str, on_behalf_of: str, entry: Entry) -> None:
        """Add an event at the end of the organisation's chain, as the last thing that the unit of work does.

        Whoever moves the head keeps all others of the organisation waiting. Nobody who has it waits for anything more,
        so that no two can wait for each other.

        Raises:
            PermissionError: the unit of work is another organisation's.
        """
        if work.org_id not in {None, org_id}:
            raise PermissionError("A unit of work can't write into another organisation.")
        written = entry.model_dump(mode="json")
        work.at_end(self._append_all, {**written, "org_id": org_id, "actor": actor, "on_behalf_of": on_behalf_of})

    def _append_all(self, work: Work, written: Sequence[Mapping[str, Any]]) -> None:
        # In one order, so that no two transactions wait for each other's heads.
        for org_id in sorted({str(one["org_id"]) for one in written}):
            self._append(work, org_id, [one for one in written if one["org_id"] == org_id])

    def _append(self, work: Work, org_id: str, written: Sequence[Mapping[str, Any]]) -> None:
        found = work.fetch(_HEAD, of=org_id)
        head = found[0] if found else AuditHeadRow(org_id=org_id, seq=0, hash=GENESIS)
        for one in written:
            at, content = work.now(), {**one, "seq": head.seq + 1, "previous": head.hash}
            digest = hash_of({**content, "at": at.isoformat().replace("+00:00", "Z")})
            work.new(AuditEventRow, **content, at=at, hash=digest)
            head.seq, head.hash = head.seq + 1, digest
        if not found:
            work.add(head)
        newest = (head.seq, head.hash)
        work.after_commit(lambda: self._newest.update({org_id: max(newest, self._newest.get(org_id, newest))}))

    def search(self, work: Work, who: Principal, asked: AuditSearch = _EVERYTHING) -> list[AuditEvent]:
        """Return the events that fit, the newest first.

        Raises:
            Forbidden: this person may not read the trail; the rule is named.
        """
        self._require(who)
        try:
            return [_event(row) for row in work.session.scalars(query_of(asked))]
        except _UNREADABLE as error:
            raise TrailUnreadable("An audit event can't be read; `jindou audit verify` names it.") from error

    def verify(self, work: Work, who: Principal) -> Verification:
        """Check the whole chain against itself, its head, and every head that was published.

        Raises:
            Forbidden: this person may not read the trail; the rule is named.
        """
        self._require(who)
        return self.examine(work, who.org_id)

    def examine(self, work: Work, org_id: str) -> Verification:
        """Check an organisation's chain for the operator, who needs nobody's leave on a machine of their own."""
        # What was published before the head is read must be in the chain; what comes later need not.
        published = list(self._heads_in_file(org_id))
        end = _head(work, org_id)
        mine = select(AuditEventRow.seq).where(AuditEventRow.org_id == org_id).order_by(AuditEventRow.seq)
        numbers = work.session.scalars(mine).all()
        # On a server each statement sees what is committed by then: these came since the head was read.
        since = range(end[0] + 1, _head(work, org_id)[0] + 1)
        return verify_chain(_events(work, org_id, [seq for seq in numbers if seq not in since]), published, end)

    def may_read(self, who: Principal) -> bool:
        """Say whether this person may read the trail."""
        return self._policy.decide(who, "audit::read", Resource("Organisation", who.org_id), {}).verb == "allow"

    def _require(self, who: Principal) -> None:
        self._policy.require(who, "audit::read", Resource("Organisation", who.org_id), {})

    def publish(self) -> None:
        """Append the heads that moved since the last time to the file."""
        moved = {org: head for org, head in dict(self._newest).items() if self._written.get(org) != head}
        if not moved:
            return
        lines = [_Published(org_id=org_id, seq=seq, hash=digest) for org_id, (seq, digest) in moved.items()]
        with self._published.open("a", encoding="utf-8") as file:
            # The newline in front parts these from half a line that a killed process may have left.
            file.write("".join(f"\n{line.model_dump_json()}" for line in lines) + "\n")
        self._written.update(moved)

    def _heads_in_file(self, org_id: str) -> Iterator[Head]:
        if not self._published.exists():
            return
        for line in self._published.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                head = _Published.model_validate_json(line)
            except ValueError:
                # An empty line, or half a one that a killed process left, vouches for nothing.
                continue
            if head.org_id == org_id:
                yield head.seq, head.hash


def _head(work: Work, org_id: str) -> Head:
    """Return the number and the hash of the last event, as the transactions that appended it left them."""
    found = select(AuditHeadRow.seq, AuditHeadRow.hash).where(AuditHeadRow.org_id == org_id)
    head = work.session.execute(found).first()
    return (head.seq, head.hash) if head else (0, GENESIS)


def _events(work: Work, org_id: str, numbers: Sequence[int]) -> Iterator[AuditEvent]:
    """Read a chain event by event; one that can't be read comes without its content, and so does not fit its hash."""
    mine = AuditEventRow.org_id == org_id
    for seq in numbers:
        try:
            yield _event(work.session.scalars(select(AuditEventRow).where(mine, AuditEventRow.seq == seq)).one())
        except _UNREADABLE:
            yield AuditEvent.model_construct(seq=seq, hash="unreadable")


def _event(row: AuditEventRow) -> AuditEvent:
    return AuditEvent(**{name: getattr(row, name) for name in _FIELDS})

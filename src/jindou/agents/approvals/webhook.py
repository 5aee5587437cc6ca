"""Telling another system of approvals: signed as Standard Webhooks says, and tried again from the queue."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select

from jindou.agents.approvals.queries import as_approval
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Approval
from jindou.agents.webhooks import NotDelivered, Sender, Webhooks, post
from jindou.db import Database, Work
from jindou.durable.queue import Lease, Queue
from jindou.telemetry import get_logger

__all__ = ["WEBHOOK_TASK", "Invitation", "Webhook", "signature_of"]

WEBHOOK_TASK = Webhooks.task

_MOST_ATTEMPTS = 30
_REST = 5.0
"""So many times as long as a system took to fail it is told nothing further."""
_TOLD = {
    *("id", "run_id", "assistant", "tool", "tool_title", "risk", "requested_by", "requested_by_name", "status"),
    *("needed", "created_at", "expires_at", "decided_by_name", "decided_for_name", "decided_at"),
}
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link for one of those who may decide, and the person it is for."""

    person_id: str
    person_name: str
    url: str


Invite = Callable[[Work, ApprovalRow], Sequence[Invitation]]
"""Makes a link for each of those who may decide."""


class Webhook:
    """Tells the `operator` of the installation, and each organisation that wants it, at an address of its `own`.

    There is one worker for it at most: a system that does not answer keeps no run waiting. One that fails rests for a
    while, so that it takes its share of that worker and not everybody's. `url` is the console's.
    """

    def __init__(self, queue: Queue, operator: Sender | None, own: Webhooks, url: str) -> None:
        self._queue = queue
        self._operator = operator
        self._own = own
        self._url = url
        self._turn = threading.Lock()
        self._rests: dict[str, float] = {}

    def tell(self, work: Work, row: ApprovalRow, what: Literal["requested", "decided"]) -> None:
        """Have it told, once the transaction is durable."""
        told = [f"{row.id}:{what}"] if self._operator is not None else []
        if self._own.is_set(work):
            told.append(f"{row.id}:{what}:{Webhooks.own}")
        for subject in told:
            self._queue.enqueue(work, WEBHOOK_TASK, subject, row.org_id, background=True)

    def deliver(self, database: Database, lease: Lease, invite: Invite) -> None:
        """Do a task: tell of an approval.

        Raises:
            NotDelivered: the other side did not take it; the queue tries again.
        """
        clock, whose = database.clock, lease.org_id if _is_own(lease) else ""
        rest = self._rests.get(whose, 0.0) - clock.steady()
        if rest > 0 or not self._turn.acquire(blocking=False):
            with database.writing(lease.org_id) as work:
                self._queue.release(work, lease, work.now() + timedelta(seconds=max(rest, 1.0)), untried=True)
            return
        began = clock.steady()
        try:
            self._deliver(database, lease, invite)
        except NotDelivered as error:
            self._rests[whose] = clock.steady() + _REST * (clock.steady() - began)
            if lease.attempts < _MOST_ATTEMPTS:
                raise
            _log.warning("webhook given up", extra={"fields": {"of": lease.subject, "error": error.message}})
        finally:
            self._turn.release()
        with database.writing(lease.org_id) as work:
            self._queue.done(work, lease)

    def _post(self, database: Database, lease: Lease, sender: Sender, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a message, and write down how that went where it is an organisation's own."""
        error: NotDelivered | None = None
        try:
            post(sender.destination, body, headers)
        except NotDelivered as failed:
            error = failed
        if _is_own(lease):
            with database.writing(lease.org_id) as work:
                self._own.note(work, sender.destination.url, error.message if error else None)
        if error is not None:
            raise error

    def _deliver(self, database: Database, lease: Lease, invite: Invite) -> None:
        approval_id, what, *own = lease.subject.split(":")
        sender = self._own.sender(lease.org_id) if own else self._operator
        if sender is None:
            return
        with database.writing(lease.org_id) as work:
            row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id == approval_id)).first()
            if row is None:
                return
            approval = as_approval(row)
            # A link alone must not make two people of whoever reads the message.
            invited = invite(work, row) if what == "requested" and approval.needed == 1 and not own else ()
            seconds = int(work.now().timestamp())
        body = _outline(what, approval, self._url) if own else _body(what, approval, invited)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Jindou",
            "webhook-id": lease.subject,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature_of(sender.secret, lease.subject, seconds, body),
        }
        self._post(database, lease, sender, body, headers)


def _is_own(lease: Lease) -> bool:
    """Say whether it is an organisation's own system that is to be told."""
    return lease.subject.endswith(f":{Webhooks.own}")


def signature_of(secret: bytes, message_id: str, seconds: int, body: bytes) -> str:
    """Return the signature of a message, version 1 of https://www.standardwebhooks.com."""
    signed = f"{message_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def _body(what: str, approval: Approval, invited: Sequence[Invitation]) -> bytes:
    links = [{"person_id": one.person_id, "person_name": one.person_name, "url": one.url} for one in invited]
    at = approval.created_at if what == "requested" else approval.decided_at or approval.expires_at
    data = {"approval": approval.model_dump(mode="json"), "links": links}
    return _message(what, at, data)


def _outline(what: str, approval: Approval, url: str) -> bytes:
    """Return what an organisation's system is told: nothing that its administrators may not see."""
    at = approval.created_at if what == "requested" else approval.decided_at or approval.expires_at
    told = approval.model_dump(mode="json", include=_TOLD)
    return _message(what, at, {"approval": told, "url": f"{url}/approvals/{approval.id}"})


def _message(what: str, at: datetime, data: object) -> bytes:
    message = {"type": f"approval.{what}", "timestamp": at.isoformat(), "data": data}
    return json.dumps(message, ensure_ascii=False).encode()

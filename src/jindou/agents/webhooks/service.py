"""The webhook of each organisation: set by its administrators, with a secret in the vault."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr
from sqlalchemy import select

from jindou.agents.webhooks.posting import Destination
from jindou.agents.webhooks.tables import WebhookRow
from jindou.agents.webhooks.types import NewWebhook, Webhook, WebhookSecret
from jindou.cloud.secrets import Secrets
from jindou.db import Database, Work
from jindou.durable.queue import Queue
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["Sender", "Webhooks"]

_SECRET: Final = "webhook-secret"  # noqa: S105 - the name that it has in the vault
_HOLDER: Final = "webhook"
_PREFIX: Final = "whsec_"
_BYTES: Final = 32
_LONGEST_ERROR: Final = 300


@dataclass(frozen=True, slots=True)
class Sender:
    """Where to post, and what signs it."""

    destination: Destination
    secret: bytes = field(repr=False)


class Webhooks:
    """`private` lets them be on this machine or in a private network, for all organisations: the operator says so.

    The `queue` has what they wait to be told, by tasks of the kind `task`.
    """

    task: Final = "approval.webhook"
    own: Final = "own"

    def __init__(
        self, database: Database, policy: Policy, audit: Audit, vault: Secrets, *, queue: Queue, private: bool
    ) -> None:
        self._queue = queue
        self._database = database
        self._policy = policy
        self._audit = audit
        self._vault = vault
        self._private = private

    def may_manage(self, who: Principal) -> bool:
        """Say whether somebody looks after the webhook."""
        resource = Resource("Organisation", who.org_id)
        return self._policy.decide(who, "webhooks::manage", resource, {}).verb == "allow"

    def list_webhooks(self, work: Work, who: Principal) -> list[Webhook]:
        """Return the organisation's webhook, if it has one, and how telling it goes.

        Raises:
            Forbidden: who asks does not look after it.
        """
        self._require(who)
        return [self._shown(work, row) for row in work.session.scalars(select(WebhookRow))]

    def put(self, who: Principal, new: NewWebhook) -> WebhookSecret:
        """Say where the organisation is told, and return the new secret; the unit of work is its own.

        Raises:
            Forbidden: who asks does not look after it.
            Invalid: it is no address to post to.
        """
        rules = self._require(who)
        Destination(new.url, self._private).check("url")
        hold = self._vault.holding()
        secret = _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()
        with self._database.writing(who.org_id) as work:
            row = work.session.scalars(select(WebhookRow).with_for_update()).first()
            if row is None:
                row = WebhookRow(org_id=who.org_id)
                work.session.add(row)
            row.url, row.changed_by_name, row.changed_at = new.url, who.name, work.now()
            row.delivered_at, row.failing_since, row.error = None, None, ""
            work.session.flush()
            hold(work, _HOLDER, _SECRET, SecretStr(secret), by=who.name)
            self._tell(work, who, "webhooks::put", rules, url=new.url)
            return WebhookSecret(**self._shown(work, row).model_dump(), secret=secret)

    def remove(self, work: Work, who: Principal) -> None:
        """Have the organisation told no more; what waits to be told is dropped.

        Raises:
            Forbidden: who asks does not look after it.
        """
        rules = self._require(who)
        row = work.session.scalars(select(WebhookRow).with_for_update()).first()
        if row is not None:
            work.session.delete(row)
            self._vault.revoke_all(work, _HOLDER)
            self._tell(work, who, "webhooks::remove", rules, url=row.url)

    def is_set(self, work: Work) -> bool:
        """Say whether the organisation of a unit of work is told."""
        here = select(WebhookRow.org_id).where(WebhookRow.org_id == work.org_id)
        return work.session.scalars(here).first() is not None

    def sender(self, org_id: str) -> Sender | None:
        """Return where an organisation is told, if it is; the units of work are its own, since a KMS may be asked."""
        with self._database.reading(org_id) as work:
            row = work.session.scalars(select(WebhookRow)).first()
        if row is None:
            return None
        secret = self._vault.held(org_id, _HOLDER, _SECRET).removeprefix(_PREFIX)
        return Sender(Destination(row.url, self._private), base64.b64decode(secret))

    def note(self, work: Work, url: str, error: str | None) -> None:
        """Write down how telling an address went; nothing of one that the organisation is not told at any more."""
        told = WebhookRow.org_id == work.org_id, WebhookRow.url == url
        row = work.session.scalars(select(WebhookRow).where(*told).with_for_update()).first()
        if row is None:
            return
        if error is None:
            row.delivered_at, row.failing_since, row.error = work.now(), None, ""
            return
        row.failing_since = row.failing_since or work.now()
        line = "".join(letter if letter.isprintable() else " " for letter in error)
        row.error = " ".join(line.split())[:_LONGEST_ERROR]

    def _shown(self, work: Work, row: WebhookRow) -> Webhook:
        waiting, next_at = self._queue.outlook(work, self.task, row.org_id, f":{self.own}")
        return Webhook(
            url=row.url,
            changed_by_name=row.changed_by_name,
            changed_at=row.changed_at,
            delivered_at=row.delivered_at,
            failing_since=row.failing_since,
            error=row.error,
            waiting=waiting,
            next_try_at=next_at if row.failing_since else None,
        )

    def _require(self, who: Principal) -> list[str]:
        resource = Resource("Organisation", who.org_id)
        return [rule.id for rule in self._policy.require(who, "webhooks::manage", resource, {}).rules]

    def _tell(self, work: Work, who: Principal, action: str, rules: list[str], **detail: object) -> None:
        entry = Entry(action=action, resource=who.org_id, decision="allow", rules=rules, detail=detail)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)

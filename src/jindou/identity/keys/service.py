"""Virtual keys: ``jdk_`` and 256 random bits, kept as SHA-256. A key acts with the rights its person has now."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from sys import intern

from sqlalchemy import or_, select, update

from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.keys.failures import KeyExpired, KeyNotActive, KeyRefused, KeyRevoked, NoSuchModel, TooManyKeys
from jindou.identity.keys.tables import KeyRow
from jindou.identity.keys.types import Key, KeyAsk, KeyHolder, KeyStatus, NewKey, Rotation
from jindou.identity.policy import Decision, Policy, Resource
from jindou.identity.principals import Principal, Principals

__all__ = ["Keys", "digest_of", "is_shaped"]

_MARK = "jdk_"
_SHOWN = 12
_MOST = 500
_TOLD = {"name", "models", "scopes", "assistant"}
_LENGTH = len(_MARK) + 64


class Keys:
    """Everybody's own keys."""

    def __init__(self, principals: Principals, policy: Policy, audit: Audit) -> None:
        self._principals = principals
        self._policy = policy
        self._audit = audit
        self._watchers: list[Callable[[Collection[bytes]], None]] = []
        self._models: Callable[[Work, str], Collection[str]] | None = None

    def know(self, models: Callable[[Work, str], Collection[str]]) -> None:
        """Have keys made only for the `models` that an organisation has by then; what goes later stays named."""
        self._models = models

    def watch(self, tell: Callable[[Collection[bytes]], None]) -> None:
        """Have `tell` called with the digests of a key's secrets, once its revocation or rotation is durable."""
        self._watchers.append(tell)

    def create(self, work: Work, who: Principal, ask: KeyAsk) -> NewKey:
        """Make a key for `who`; the answer alone has the secret.

        Raises:
            NoSuchModel: it is for a model that the organisation does not have.
            TooManyKeys: they have 500 that are not revoked.
        """
        rules = self._require(who, "keys::create", own=True)
        self._require_models(work, who.org_id, ask.models or ())
        alive = select(KeyRow.id).where(KeyRow.person_id == who.person_id, KeyRow.revoked_at.is_(None))
        if len(work.session.scalars(alive.limit(_MOST)).all()) >= _MOST:
            raise TooManyKeys(f"You have {_MOST} keys; revoke one that is not used any more.")
        secret = _MARK + work.random_token()
        now = work.now()
        row = KeyRow(
            id=work.new_id("key"),
            org_id=who.org_id,
            person_id=who.person_id,
            name=ask.name,
            prefix=secret[:_SHOWN],
            secret_hash=digest_of(secret).hex(),
            models=ask.models,
            scopes=ask.scopes,
            assistant=ask.assistant or "",
            made_by=who.actor,
            created_at=now,
            expires_at=now + timedelta(days=ask.days) if ask.days else None,
        )
        work.session.add(row)
        detail: dict[str, object] = {"prefix": row.prefix, **ask.model_dump(include=_TOLD)}
        self._tell(work, who, "keys::create", row, rules=rules, detail=detail)
        return NewKey(**_key(row, work).model_dump(), secret=secret)

    def _require_models(self, work: Work, org_id: str, names: Sequence[str]) -> None:
        if not names or self._models is None:
            return
        there = sorted(self._models(work, org_id))
        missing = [name for name in names if name not in there]
        if missing:
            raise NoSuchModel(missing, there)

    def list_keys(self, work: Work, who: Principal) -> list[Key]:
        """Return one's own keys, the newest first, those that are over among them."""
        mine = select(KeyRow).where(KeyRow.person_id == who.person_id).order_by(KeyRow.id.desc())
        return [_key(row, work) for row in work.session.scalars(mine)]

    def get(self, work: Work, who: Principal, key_id: str) -> Key:
        """Return a key.

        Raises:
            NotFound: there is none in this organisation.
            Forbidden: it is somebody else's.
        """
        row, _ = self._find(work, who, "keys::read", key_id)
        return _key(row, work)

    def revoke(self, work: Work, who: Principal, key_id: str) -> Key:
        """Take a key back, at once and for good; one that is revoked stays so.

        Raises:
            NotFound, Forbidden: as `get` says.
        """
        row, rules = self._find(work, who, "keys::revoke", key_id)
        if row.revoked_at is None:
            row.revoked_at = work.now()
            self._changed(work, row)
            self._tell(work, who, "keys::revoke", row, rules=rules, detail={"prefix": row.prefix})
        return _key(row, work)

    def revoke_all(self, work: Work, person_id: str) -> None:
        """Take every key of a person back, at once and for good."""
        alive = select(KeyRow).where(KeyRow.person_id == person_id, KeyRow.revoked_at.is_(None))
        for row in work.session.scalars(alive).all():
            row.revoked_at = work.now()
            self._changed(work, row)

    def rotate(self, work: Work, who: Principal, key_id: str, rotation: Rotation) -> NewKey:
        """Give a key a new secret, which the answer alone has; the old one is good for the stated grace.

        Raises:
            NotFound, Forbidden: as `get` says.
            KeyNotActive: it has expired or was revoked.
        """
        row, rules = self._find(work, who, "keys::rotate", key_id)
        if _status(row, work) != "active":
            raise KeyNotActive(f"The key {row.prefix}… is {_status(row, work)}; create a new one.")
        secret = _MARK + work.random_token()
        self._changed(work, row)
        row.old_hash, row.old_until = row.secret_hash, work.now() + timedelta(hours=rotation.grace_hours)
        row.secret_hash, row.prefix, row.made_by = digest_of(secret).hex(), secret[:_SHOWN], who.actor
        detail: dict[str, object] = {"prefix": row.prefix, "grace_hours": rotation.grace_hours}
        self._tell(work, who, "keys::rotate", row, rules=rules, detail=detail)
        return NewKey(**_key(row, work).model_dump(), secret=secret)

    def holder(self, work: Work, secret: str) -> KeyHolder:
        """Return whom a secret speaks for, with the roles they have now.

        Raises:
            KeyRefused, KeyExpired, KeyRevoked: for nobody.
        """
        digest = digest_of(secret).hex()
        either = or_(KeyRow.secret_hash == digest, KeyRow.old_hash == digest)
        row = work.session.scalars(select(KeyRow).where(either)).first()
        if row is None or not is_shaped(secret):
            raise KeyRefused("This key is not known here. `jindou keys create` makes one.")
        if row.revoked_at is not None:
            raise KeyRevoked(f"The key {row.prefix}… was revoked. `jindou keys create` makes another.")
        if _status(row, work) == "expired":
            raise KeyExpired(f"The key {row.prefix}… has expired. `jindou keys create` makes another.")
        if row.secret_hash != digest and (row.old_until is None or row.old_until <= work.now()):
            raise KeyExpired(f"This secret was replaced by {row.prefix}…, and its grace is over.")
        return self._holder(work, row, row.expires_at if row.secret_hash == digest else _earlier(row))

    def good(self, work: Work, key_ids: Collection[str]) -> set[str]:
        """Return those of some keys that still speak for somebody: not revoked, not expired, their person active."""
        alive = select(KeyRow).where(KeyRow.id.in_(key_ids), KeyRow.revoked_at.is_(None))
        rows = [row for row in work.session.scalars(alive) if _status(row, work) == "active"]
        active = self._principals.active(work, {row.person_id for row in rows})
        return {row.id for row in rows if row.person_id in active}

    def holder_of(self, who: Principal) -> KeyHolder:
        """Return somebody who asks without a key, signed in: they are bound by nothing but their own rights."""
        return KeyHolder(
            who=who, key_id="", models=None, scopes=None, assistant="", decision=self._may_ask(who), good_until=None
        )

    def note_use(self, work: Work, key_ids: Collection[str]) -> None:
        """Write that keys were used today; it changes those only that were not used before on this day."""
        today = work.now().date()
        used = update(KeyRow).where(KeyRow.id.in_(key_ids), KeyRow.last_used_on.is_distinct_from(today))
        work.session.execute(used.values(last_used_on=today))

    def _holder(self, work: Work, row: KeyRow, good_until: datetime | None) -> KeyHolder:
        try:
            who = self._principals.principal(work, row.org_id, row.person_id)
        except NotFound:
            raise KeyRefused("The person of this key is no longer here.") from None
        return KeyHolder(
            who=who,
            key_id=row.id,
            models=None if row.models is None else tuple(intern(str(model)) for model in row.models),
            scopes=None if row.scopes is None else frozenset(row.scopes),
            # A name that a person chose for what works with a key: it must not pass for an assistant of ours.
            assistant=f"key:{row.assistant}" if row.assistant else "",
            decision=self._may_ask(who),
            good_until=good_until,
            made_by=row.made_by,
        )

    def _may_ask(self, who: Principal) -> Decision:
        return self._policy.decide(who, "completions::create", Resource("Organisation", who.org_id), {})

    def owner(self, work: Work, key_id: str) -> tuple[str, str]:
        """Return the name of a key and the id of its person.

        Raises:
            NotFound: there is none in this organisation.
        """
        row = work.session.scalars(select(KeyRow).where(KeyRow.id == key_id)).first()
        if row is None:
            raise NotFound("No such key.")
        return row.name, row.person_id

    def _changed(self, work: Work, row: KeyRow) -> None:
        """Tell those who watch, once the change is durable, of the secrets that a key has until then."""
        digests = [bytes.fromhex(kept) for kept in (row.secret_hash, row.old_hash) if kept]
        for tell in self._watchers:
            work.after_commit(partial(tell, digests))

    def _find(self, work: Work, who: Principal, action: str, key_id: str) -> tuple[KeyRow, list[str]]:
        row = work.session.scalars(select(KeyRow).where(KeyRow.id == key_id)).first()
        if row is None:
            raise NotFound("No such key.")
        return row, self._require(who, action, own=row.person_id == who.person_id)

    def _require(self, who: Principal, action: str, *, own: bool) -> list[str]:
        decision = self._policy.require(who, action, Resource("Organisation", who.org_id), {"own": own})
        return [rule.id for rule in decision.rules]

    def _tell(
        self, work: Work, who: Principal, action: str, row: KeyRow, *, rules: list[str], detail: dict[str, object]
    ) -> None:
        entry = Entry(action=action, resource=row.id, decision="allow", rules=rules, detail=detail)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)


def _status(row: KeyRow, work: Work) -> KeyStatus:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= work.now() else "active"


def _key(row: KeyRow, work: Work) -> Key:
    old = row.old_until if row.old_until is not None and row.old_until > work.now() else None
    return Key(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        status=_status(row, work),
        models=None if row.models is None else list(map(str, row.models)),
        scopes=row.scopes,
        assistant=row.assistant or None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        old_secret_until=old,
        last_used_on=row.last_used_on,
    )


def _earlier(row: KeyRow) -> datetime | None:
    """Return when an old secret ends: with its grace or with its key."""
    return min((at for at in (row.old_until, row.expires_at) if at is not None), default=None)


def is_shaped(secret: str) -> bool:
    """Say whether `secret` looks like one that was given out here."""
    return len(secret) == _LENGTH and secret.startswith(_MARK)


def digest_of(secret: str) -> bytes:
    """Return the SHA-256 of a secret, under which it is known."""
    # The secrets are 256 random bits, so a plain hash is enough. A header may hold bytes that are no text.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()

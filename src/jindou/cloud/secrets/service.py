"""Puts, lists, rotates, revokes and uses secrets. There is no verb that reads one back."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import SecretStr
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from jindou.cloud.secrets.failures import SecretExists, SecretMissing, SecretRevoked, VaultKeyWrong
from jindou.cloud.secrets.filling import Hold, bound, fill, row_of
from jindou.cloud.secrets.keys import KeyEncryption, Wrapping
from jindou.cloud.secrets.sealing import open_sealed
from jindou.cloud.secrets.tables import SecretRow
from jindou.cloud.secrets.types import Rewrapping, Secret, SecretAsk, SecretOwner, StoredSecret
from jindou.db import Database, Work
from jindou.errors import JindouError, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal
from jindou.telemetry import get_logger

__all__ = ["Secrets"]

_log = get_logger(__name__)
_BATCH = 50


class Follower(Protocol):
    """Something else that is wrapped by the vault's key."""

    def is_used(self, work: Work) -> bool:
        """Say whether anything is."""
        ...

    def rewrap(self) -> None:
        """Wrap by the current key what an older one has wrapped."""
        ...

    def left(self, work: Work) -> int:
        """Return how much is still wrapped by an older one."""
        ...


class Secrets:
    """The vault of every organisation: a data key for each version of a secret, wrapped by `keys`."""

    def __init__(self, keys: KeyEncryption, database: Database, policy: Policy, audit: Audit) -> None:
        self._keys = keys
        self._database = database
        self._policy = policy
        self._audit = audit
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Have what another room wraps by the vault's key follow a new one, too."""
        self._followers.append(follower)

    def require_keys(self, work: Work) -> None:
        """Make sure, at start-up, that what is in the vault can be opened.

        Raises:
            VaultKeyWrong: a key is missing; the message names it.
        """
        used = select(SecretRow.key_id).where(SecretRow.revoked_at.is_(None)).distinct()
        for key_id in work.session.scalars(used):
            if not self._keys.knows(key_id):
                told = (
                    f"Secrets in the vault are wrapped by the key {key_id}, which is not here. Put that key back: the"
                )
                raise VaultKeyWrong(
                    f"{told} file secrets/vault.key of the home, `vault_key` or `vault_command` has it."
                )

    @staticmethod
    def samples(work: Work) -> list[tuple[str, bytes, bytes]]:
        """Return of each key that wraps secrets its id, the newest of what it wrapped, and what that is bound to."""
        kept = SecretRow.revoked_at.is_(None)
        newest = select(func.max(SecretRow.id)).where(kept).group_by(SecretRow.key_id)
        rows = work.session.scalars(select(SecretRow).where(SecretRow.id.in_(newest)).order_by(SecretRow.key_id))
        return [(row.key_id, row.wrapped_key, bound(row)) for row in rows]

    def wrapping(self) -> Wrapping:
        """Return what `put` and `rotate` wrap by. Ask for it before a transaction: a KMS may take seconds to answer.

        Raises:
            VaultKeyWrong: the vault's key can't be had.
        """
        return self._keys.wrapping()

    def put(self, work: Work, who: Principal, ask: SecretAsk, wrapping: Wrapping) -> StoredSecret:
        """Add a secret, or give one that was revoked a new version.

        Raises:
            SecretExists: there is one of that name.
            Forbidden: it would be the organisation's, and they may not manage those.
        """
        person_id = who.person_id if ask.owner == "person" else ""
        rules = self._require(who, own=bool(person_id))
        row = row_of(work, person_id, ask.name, to_change=True)
        if row is not None and row.revoked_at is None:
            raise SecretExists(f"There is a secret {ask.name} already; rotate it to give it another value.")
        if row is None:
            row = SecretRow(
                id=work.new_id("sec"),
                org_id=who.org_id,
                person_id=person_id,
                name=ask.name,
                version=0,
                created_at=work.now(),
            )
            work.session.add(row)
        fill(work, row, ask.value, who.name, wrapping)
        try:
            work.session.flush()
        except IntegrityError:
            raise SecretExists(
                f"Somebody has just put a secret {ask.name}; rotate it to give it another value."
            ) from None
        self._tell(work, who, "secrets::put", row, rules)
        return _stored(row)

    def list_secrets(self, work: Work, who: Principal) -> list[StoredSecret]:
        """Return one's own secrets and, for who may manage them, the organisation's; without their values."""
        owners = [who.person_id, *([""] if self.may_manage(who) else [])]
        mine = select(SecretRow).where(SecretRow.person_id.in_(owners)).order_by(SecretRow.name, SecretRow.id)
        return [_stored(row) for row in work.session.scalars(mine)]

    def rotate(self, work: Work, who: Principal, secret_id: str, value: SecretStr, wrapping: Wrapping) -> StoredSecret:
        """Give a secret a new value, as its next version; the one before is gone.

        Raises:
            NotFound: there is none, or it is another person's.
            Forbidden: it is the organisation's, and they may not manage those.
            SecretRevoked: it was revoked.
        """
        row, rules = self._find(work, who, secret_id)
        if row.revoked_at is not None:
            raise SecretRevoked(f"The secret {row.name} was revoked; put it again.")
        fill(work, row, value, who.name, wrapping)
        self._tell(work, who, "secrets::rotate", row, rules)
        return _stored(row)

    def revoke(self, work: Work, who: Principal, secret_id: str) -> StoredSecret:
        """Destroy the value of a secret: the next use is refused. One that is revoked stays so.

        Raises:
            NotFound, Forbidden: as `rotate` says.
        """
        row, rules = self._find(work, who, secret_id)
        if row.revoked_at is None:
            _destroy(work, row)
            row.changed_by_name = who.name
            self._tell(work, who, "secrets::revoke", row, rules)
        return _stored(row)

    def use(self, who: Principal, name: str, used_by: str, key: str) -> Secret:
        """Return the credential `name` of a person, else of their organisation, for a call that was allowed.

        `used_by` is the actor and `key` the call, for the trail, which is durable before the tool has the value.

        Raises:
            SecretMissing: neither has one; the message says how to add it.
        """
        with self._database.reading(who.org_id) as work:
            seen = self._active(work, who, name)
        # A KMS may take seconds to answer, and nobody waits for it with the database in hand.
        bound_to = bound(seen)
        data_key = self._keys.unwrap(seen.key_id, seen.wrapped_key, bound_to)
        value = open_sealed(data_key, seen.sealed, bound_to).decode()
        with self._database.writing(who.org_id) as work:
            row = self._active(work, who, name)
            is_same = bound(row) == bound_to
            if is_same:
                row.last_used_at = work.now()
                self._tell(work, who, "secrets::use", row, [], actor=used_by, key=key)
        return Secret(name, value) if is_same else self.use(who, name, used_by, key)

    def holding(self) -> Hold:
        """Return what keeps credentials of parts of the platform: on nobody's list, and for no tool.

        Ask for it before a transaction, as for `wrapping`.

        Raises:
            VaultKeyWrong: the vault's key can't be had.
        """
        return Hold(self._keys.wrapping())

    def held(self, org_id: str, holder_id: str, name: str) -> str:
        """Return what is kept for a part of the platform; the unit of work is its own, since a KMS may take seconds.

        Raises:
            SecretMissing: nothing is.
        """
        with self._database.reading(org_id) as work:
            row = row_of(work, holder_id, name)
        if row is None or row.revoked_at is not None:
            raise SecretMissing(f"The vault has no {name} of {holder_id}.")
        bound_to = bound(row)
        return open_sealed(self._keys.unwrap(row.key_id, row.wrapped_key, bound_to), row.sealed, bound_to).decode()

    def revoke_all(self, work: Work, person_id: str) -> None:
        """Destroy the values of a person's own secrets, or of those that are held for a part of the platform."""
        own = select(SecretRow).where(SecretRow.person_id == person_id, SecretRow.revoked_at.is_(None))
        for row in work.session.scalars(own).all():
            _destroy(work, row)

    def renew_key(self) -> Rewrapping:
        """Make a new key, and wrap every data key by it."""
        self._keys.renew()
        return self.rewrap()

    def rewrap_rest(self) -> None:
        """Go on, at start-up, where a killed process left off; what stands in the way is logged."""
        try:
            with self._database.reading(None) as work:
                used = work.session.scalars(select(SecretRow.id).limit(1)).first()
                follow = any(follower.is_used(work) for follower in self._followers)
            if used is not None or follow:
                self.rewrap()
        except JindouError as error:
            _log.warning("the vault was not re-wrapped", extra={"fields": {"error": error.message}})

    def rewrap(self) -> Rewrapping:
        """Wrap by the current key what an older one has wrapped: fifty at a time, so that a kill loses no more."""
        while True:
            older = self._older().order_by(SecretRow.id).limit(_BATCH)
            with self._database.reading(None) as work:
                rows = work.session.scalars(older).all()
            if not rows:
                for follower in self._followers:
                    follower.rewrap()
                with self._database.reading(None) as work:
                    return self.rewrapping(work)
            self._wrap_again(rows)

    def _wrap_again(self, rows: Sequence[SecretRow]) -> None:
        """Wrap by the current key what these have; what has changed before it is written down stays as it is."""
        wrapped: dict[str, tuple[bytes, str, bytes]] = {}
        for row in rows:
            data_key, wrapping = self._keys.unwrap(row.key_id, row.wrapped_key, bound(row)), self._keys.wrapping()
            wrapped[row.id] = (row.wrapped_key, wrapping.key_id, wrapping.wrap(data_key, bound(row)))
        with self._database.writing(None) as work:
            same = select(SecretRow).where(SecretRow.id.in_(wrapped)).order_by(SecretRow.id).with_for_update()
            for row in work.session.scalars(same).all():
                seen, key_id, wrapped_key = wrapped[row.id]
                if row.wrapped_key == seen:
                    row.key_id, row.wrapped_key = key_id, wrapped_key

    def rewrapping(self, work: Work) -> Rewrapping:
        """Return how far that is."""
        older = select(func.count()).select_from(self._older().subquery())
        left = (work.session.scalar(older) or 0) + sum(follower.left(work) for follower in self._followers)
        return Rewrapping(key_id=self._keys.current(), left=left)

    def may_manage(self, who: Principal) -> bool:
        """Say whether somebody may manage the organisation's secrets."""
        resource = Resource("Organisation", who.org_id)
        return self._policy.decide(who, "secrets::manage", resource, {"own": False}).verb == "allow"

    def _older(self) -> Select[SecretRow]:
        return select(SecretRow).where(SecretRow.revoked_at.is_(None), SecretRow.key_id != self._keys.current())

    def _active(self, work: Work, who: Principal, name: str) -> SecretRow:
        """Return the secret that a call for somebody gets: their own, else their organisation's.

        Raises:
            SecretMissing: neither has one.
        """
        theirs = SecretRow.person_id.in_([who.person_id, ""]), SecretRow.revoked_at.is_(None)
        named = select(SecretRow).where(SecretRow.name == name, *theirs).order_by(SecretRow.person_id.desc())
        row = work.session.scalars(named).first()
        if row is None:
            told = f"This needs the credential {name}, and neither {who.name} nor the organisation has one."
            raise SecretMissing(f"{told} Add it: `jindou secrets put {name}`, or Secrets in the console.")
        return row

    def _find(self, work: Work, who: Principal, secret_id: str) -> tuple[SecretRow, list[str]]:
        row = work.session.scalars(select(SecretRow).where(SecretRow.id == secret_id).with_for_update()).first()
        if row is None or row.person_id not in {who.person_id, ""}:
            raise NotFound("No such secret.")
        return row, self._require(who, own=bool(row.person_id))

    def _require(self, who: Principal, *, own: bool) -> list[str]:
        decision = self._policy.require(who, "secrets::manage", Resource("Organisation", who.org_id), {"own": own})
        return [rule.id for rule in decision.rules]

    def _tell(
        self,
        work: Work,
        who: Principal,
        action: str,
        row: SecretRow,
        rules: list[str],
        *,
        actor: str = "",
        key: str = "",
    ) -> None:
        detail: dict[str, object] = {"name": row.name, "owner": _owner(row), "version": row.version}
        entry = Entry(
            action=action, resource=row.id, decision="allow", rules=rules, detail=detail | ({"key": key} if key else {})
        )
        self._audit.append(work, who.org_id, actor=actor or who.actor, on_behalf_of=who.person_id, entry=entry)


def _destroy(work: Work, row: SecretRow) -> None:
    row.revoked_at = row.changed_at = work.now()
    row.wrapped_key = row.sealed = b""


def _owner(row: SecretRow) -> SecretOwner:
    return "person" if row.person_id else "organisation"


def _stored(row: SecretRow) -> StoredSecret:
    return StoredSecret(
        id=row.id,
        name=row.name,
        owner=_owner(row),
        version=row.version,
        status="active" if row.revoked_at is None else "revoked",
        created_at=row.created_at,
        changed_at=row.changed_at,
        changed_by_name=row.changed_by_name,
        last_used_at=row.last_used_at,
    )

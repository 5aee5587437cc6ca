"""How a value gets into its row: sealed by a data key of its own, which the vault's key wraps."""

import json
import secrets

from pydantic import SecretStr
from sqlalchemy import select

from jindou.cloud.secrets.keys import Wrapping
from jindou.cloud.secrets.sealing import seal
from jindou.cloud.secrets.tables import SecretRow
from jindou.db import Work

__all__ = ["Hold", "bound", "fill", "row_of"]

_DATA_KEY = 32


class Hold:
    """Keeps credentials of parts of the platform; all that a KMS has to be asked is in `wrapping`."""

    def __init__(self, wrapping: Wrapping) -> None:
        self._wrapping = wrapping

    def __call__(self, work: Work, holder_id: str, name: str, value: SecretStr, *, by: str) -> None:
        """Keep a credential in the place of the one before; `by` is the name of who put it."""
        row = row_of(work, holder_id, name, to_change=True)
        if row is None:
            now, org_id = work.now(), work.org_id
            row = SecretRow(
                id=work.new_id("sec"), org_id=org_id, person_id=holder_id, name=name, version=0, created_at=now
            )
            work.session.add(row)
        fill(work, row, value, by, self._wrapping)


def row_of(work: Work, person_id: str, name: str, *, to_change: bool = False) -> SecretRow | None:
    """Return the row of a secret by its owner and its name, if there is one; nobody else changes one `to_change`."""
    named = select(SecretRow).where(SecretRow.person_id == person_id, SecretRow.name == name)
    return work.session.scalars(named.with_for_update() if to_change else named).first()


def bound(row: SecretRow) -> bytes:
    """Return what a ciphertext is bound to: moved to another row, or kept from an older version, it does not open."""
    return json.dumps([row.org_id, row.person_id, row.name, row.version]).encode()


def fill(work: Work, row: SecretRow, value: SecretStr, by: str, wrapping: Wrapping) -> None:
    """Give a secret a value, as its next version; `by` is the name of who put it."""
    row.version += 1
    row.changed_at, row.changed_by_name, row.revoked_at = work.now(), by, None
    data_key, bound_to = secrets.token_bytes(_DATA_KEY), bound(row)
    row.sealed = seal(data_key, value.get_secret_value().encode(), bound_to)
    row.key_id, row.wrapped_key = wrapping.key_id, wrapping.wrap(data_key, bound_to)

"""Slows down whoever guesses, and nobody else: by person, by source, and apart from both by a browser that is known."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select

from jindou.db import Work
from jindou.identity.accounts.failures import SignInThrottled
from jindou.identity.accounts.tables import ThrottleRow
from jindou.identity.unproven import source_of

__all__ = ["Bucket", "source_bucket", "take", "take_back"]

_FORGOTTEN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What tries are counted for: `free` of them cost nothing, each further one twice as long, up to `most` seconds."""

    of: tuple[str, ...]
    free: int = 5
    most: int = 900
    org_id: str = ""

    @property
    def key_hash(self) -> str:
        """The name of the bucket in the database, which tells nothing of what it is of."""
        return hashlib.sha256(json.dumps(self.of).encode()).hexdigest()

    def wait(self, tries: int) -> timedelta:
        """Return how long after so many tries the next one has to wait."""
        over = tries - self.free
        return timedelta(seconds=min(self.most, 2 ** min(over, 16)) if over >= 0 else 0)


def source_bucket(address: str) -> Sequence[Bucket]:
    """Return the bucket of an address; none for this machine."""
    source = source_of(address)
    return (Bucket(("source", source), free=30, most=60),) if source else ()


def take(work: Work, buckets: Sequence[Bucket]) -> float:
    """Count a try, before it is looked at; return how many seconds the next one would have to wait.

    Raises:
        SignInThrottled: this one has to wait; it is not counted.
    """
    rows = [_locked(work, bucket) for bucket in buckets]
    now = work.now()
    wait = max((row.free_at - now for row in rows if row.tries), default=timedelta())
    if wait > timedelta():
        raise SignInThrottled(max(1.0, wait.total_seconds()))
    longest = timedelta()
    for bucket, row in zip(buckets, rows, strict=True):
        row.tries = 1 if row.tried_at + _FORGOTTEN <= now else row.tries + 1
        row.tried_at, row.free_at = now, now + bucket.wait(row.tries)
        longest = max(longest, bucket.wait(row.tries))
    work.session.execute(delete(ThrottleRow).where(ThrottleRow.tried_at <= now - _FORGOTTEN))
    return longest.total_seconds()


def take_back(work: Work, buckets: Sequence[Bucket]) -> None:
    """Forget the tries of somebody who proved who they are; of a source, which others use too, one of them."""
    for bucket in buckets:
        row = _locked(work, bucket)
        row.tries = max(0, row.tries - 1) if bucket.of[0] == "source" else 0
        row.free_at = work.now() + bucket.wait(row.tries)


def _locked(work: Work, bucket: Bucket) -> ThrottleRow:
    """Return the row of a bucket, which nobody else changes until the transaction ends."""
    connection = work.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(bucket.key_hash))))
    row = work.session.get(ThrottleRow, bucket.key_hash, populate_existing=True)
    if row is None:
        now = work.now()
        row = ThrottleRow(key_hash=bucket.key_hash, org_id=bucket.org_id, tries=0, tried_at=now, free_at=now)
        work.session.add(row)
        work.session.flush()
    return row

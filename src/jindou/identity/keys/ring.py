"""Keys as the gateway knows them: in memory, so that a request with one that was seen a moment ago asks nobody."""

import asyncio
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from jindou.db import Database
from jindou.errors import Unavailable
from jindou.identity.keys.failures import KeyRefused
from jindou.identity.keys.service import Keys, digest_of, is_shaped
from jindou.identity.keys.types import KeyHolder
from jindou.identity.keys.watching import Watching
from jindou.identity.principals import Principal
from jindou.telemetry import get_logger

__all__ = ["KeyRing"]

_MOST_HOLDERS = 20_000
_MOST_REFUSALS = 4_096
_STRIPES = 64
_MOST_THREADS = 8
_WRITE_SECONDS = 1.0
_WRITE_AT_ONCE = 500
_NEVER = datetime.max.replace(tzinfo=UTC)
_log = get_logger(__name__)

_Known = tuple[datetime, datetime, KeyHolder | None, type[KeyRefused], str]
"""From when until when this is taken for true: whom a secret speaks for, or how it is refused, with which words."""


class KeyRing:
    """Whom secrets speak for, as it was at most `ttl_seconds` ago.

    What another process does to a key or a person is seen within that time; a key that is revoked or rotated through
    the same `keys` is seen at once. What is remembered is bounded, of good keys and of refused ones apart: a flood of
    secrets that nobody has pushes out no key that somebody uses.
    """

    def __init__(self, database: Database, keys: Keys, ttl_seconds: float = 1.0) -> None:
        self._database = database
        self._keys = keys
        self._clock = database.clock
        self._ttl = timedelta(seconds=ttl_seconds)
        self._holders: dict[bytes, _Known] = {}
        self._refusals: dict[bytes, _Known] = {}
        self._people: dict[str, Principal] = {}
        self._changes = 0
        self._lock = threading.Lock()
        self._loading = [threading.Lock() for _ in range(_STRIPES)]
        self._threads: ThreadPoolExecutor | None = None  # As long as it is at work; else the loop's own do.
        self._uses = _Uses(database, keys)
        self._watching = Watching(database, keys)
        keys.watch(self._forget)

    def start(self) -> None:
        """Begin to write down which keys are used, and to look after those in use."""
        self._threads = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="key-load")
        self._uses.start()
        self._watching.start()

    def stop(self) -> None:
        """Write down the last uses, and stop."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)
        self._watching.stop()
        self._uses.stop()

    async def find(self, secret: str) -> KeyHolder:
        """Return whom a secret speaks for, at once if that is known.

        Raises:
            KeyRefused, KeyExpired, KeyRevoked: for nobody.
            DatabaseUnavailable: nobody can say now.
        """
        known = self.lookup(secret)
        return known or await asyncio.get_running_loop().run_in_executor(self._threads, self.load, secret)

    def lookup(self, secret: str) -> KeyHolder | None:
        """Return at once whom a secret speaks for; None if that has to be asked again, by `load`.

        Raises:
            KeyRefused, KeyExpired, KeyRevoked: for nobody, as a moment ago.
        """
        return self._fresh(digest_of(secret))

    def load(self, secret: str) -> KeyHolder:
        """Ask the database whom a secret speaks for, and remember it. This blocks; those who ask the same wait for one.

        Raises:
            KeyRefused, KeyExpired, KeyRevoked: for nobody.
            DatabaseUnavailable: nobody can say now.
        """
        if not is_shaped(secret):
            raise KeyRefused("This is no key of Jindou: those begin with jdk_. `jindou keys create` makes one.")
        digest = digest_of(secret)
        with self._loading[digest[0] % _STRIPES]:
            return self._fresh(digest) or self._load(secret, digest)

    def watch(self, holder: KeyHolder, tell: Callable[[], None]) -> Callable[[], None]:
        """Have `tell` called in another thread about a second after `holder` lost their key, or was deactivated.

        Call what is returned when their request is over. Whoever shows no key is not looked after here.
        """
        return self._watching.add(holder.key_id, tell) if holder.key_id else _nothing

    def flush(self) -> None:
        """Write down now which keys were used."""
        self._uses.write()

    def _fresh(self, digest: bytes) -> KeyHolder | None:
        known = self._holders.get(digest) or self._refusals.get(digest)
        if known is None:
            return None
        since, until, holder, refused, told = known
        # A clock that was set back makes nothing fresh.
        if not since <= self._clock.now() < until:
            return None
        if holder is None:
            raise refused(told)
        return holder

    def _load(self, secret: str, digest: bytes) -> KeyHolder:
        changes, now = self._changes, self._clock.now()
        try:
            with self._database.reading(None) as work:
                holder = self._keys.holder(work, secret)
        except KeyRefused as refused:
            self._remember(digest, (now, now + self._ttl, None, type(refused), refused.message), changes)
            raise
        until = min(now + self._ttl, holder.good_until or _NEVER)
        holder = replace(holder, who=self._shared(holder.who))
        self._remember(digest, (now, until, holder, KeyRefused, ""), changes)
        self._uses.note(holder.key_id)
        return holder

    def _shared(self, who: Principal) -> Principal:
        """Return one object for all keys of a person, who has hundreds of them."""
        if len(self._people) >= _MOST_HOLDERS:
            self._people.clear()
        if self._people.setdefault(who.person_id, who) != who:
            self._people[who.person_id] = who
        return self._people.get(who.person_id, who)

    def _remember(self, digest: bytes, known: _Known, changes: int) -> None:
        with self._lock:
            # What was read before a change of any key may be what was true before it.
            if changes != self._changes:
                return
            is_good = known[2] is not None
            into, other = (self._holders, self._refusals) if is_good else (self._refusals, self._holders)
            other.pop(digest, None)
            into.pop(digest, None)
            # Keys in use are remembered anew all the time, so the first is the one that was used the longest ago.
            if len(into) >= (_MOST_HOLDERS if is_good else _MOST_REFUSALS):
                into.pop(next(iter(into)))
            into[digest] = known

    def _forget(self, digests: Collection[bytes]) -> None:
        with self._lock:
            self._changes += 1
            for digest in digests:
                self._holders.pop(digest, None)
                self._refusals.pop(digest, None)


def _nothing() -> None:
    return


class _Uses:
    """The days on which keys were used: each key once a day, many in one write, in a thread of its own."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys
        self._day: date | None = None
        self._noted: set[str] = set()
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, key_id: str) -> None:
        today = self._database.clock.now().date()
        with self._lock:
            if self._day != today:
                self._day = today
                self._noted.clear()
            if key_id not in self._noted:
                self._noted.add(key_id)
                self._waiting.add(key_id)

    def write(self) -> None:
        with self._lock:
            waiting, self._waiting = sorted(self._waiting), set()
        for at in range(0, len(waiting), _WRITE_AT_ONCE):
            try:
                with self._database.writing(None) as work:
                    self._keys.note_use(work, waiting[at : at + _WRITE_AT_ONCE])
            except Unavailable as error:
                _log.warning("uses of keys not written yet", extra={"fields": {"error": error.message}})
                with self._lock:
                    self._waiting.update(waiting[at:])
                return

    def start(self) -> None:
        self._thread = threading.Thread(target=self._keep_writing, name="key-uses", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        self.write()

    def _keep_writing(self) -> None:
        while not self._stopping.wait(_WRITE_SECONDS):
            self.write()

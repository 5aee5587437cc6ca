"""What a llama.cpp server has read, kept on disk: a prefix is read once, and not again after a restart.

A slot of the server holds one conversation. The file of a prefix is loaded into an idle slot within milliseconds, where
reading it again would take seconds; that also serves a second conversation while the first still has the other slot.
Several processes may use one server. None of them trusts what it remembers of a slot once another task has been there.
"""

import hashlib
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from jindou.models.engines.wire import Address, Refused, get, post
from jindou.telemetry import get_logger

__all__ = ["SlotFiles", "Slots", "identity_of"]

_RESTORE_SECONDS: Final = 5.0
_KEEP_SECONDS: Final = 300.0
_LEAST_CHARS: Final = 1000
"""A prefix shorter than this is read in a moment."""
_MOST_SEEN: Final = 256
_DRAFT: Final = ".part"
_HEADER_BYTES: Final = 4 << 20

_log = get_logger(__name__)


class SlotFiles:
    """A folder of prefixes that one model has read, at most `most_bytes` of them; the least used go first.

    `identity` names the model and the build that understand them; while it is empty, there are none.
    """

    def __init__(self, folder: Path, identity: Callable[[], str], most_bytes: int) -> None:
        self._folder = folder
        self._identity = identity
        self._most_bytes = most_bytes

    @property
    def fit(self) -> bool:
        """Whether it is known which files fit."""
        return bool(self._identity())

    def name(self, prefix: int) -> str:
        """Return the name of the file of a prefix."""
        return f"{self._identity()}-{prefix:014x}.slot"

    def has(self, prefix: int) -> bool:
        """Say whether a prefix is kept."""
        return self.fit and (self._folder / self.name(prefix)).exists()

    def touch(self, prefix: int) -> None:
        """Note that a prefix is in use."""
        (self._folder / self.name(prefix)).touch()

    def drop(self, prefix: int) -> None:
        """Forget a prefix."""
        (self._folder / self.name(prefix)).unlink(missing_ok=True)

    def draft(self, prefix: int) -> str:
        """Return the name of a file to write a prefix into: an engine that is killed meanwhile leaves half of one."""
        return f"{self.name(prefix)}.{secrets.token_hex(4)}{_DRAFT}"

    def keep(self, draft: str, prefix: int) -> None:
        """Have the file of a prefix be what was written as `draft`."""
        (self._folder / draft).replace(self._folder / self.name(prefix))

    def throw_away(self, draft: str) -> None:
        """Remove what was written as `draft`, if anything was."""
        (self._folder / draft).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what is too much, and drafts that nobody writes any more."""
        files = sorted(((path.stat(), path) for path in self._folder.glob("*.slot")), key=lambda at: -at[0].st_mtime)
        held = 0
        for stat, path in files:
            held += stat.st_size
            if held > self._most_bytes:
                path.unlink(missing_ok=True)
        for draft in self._folder.glob(f"*{_DRAFT}") if files else ():
            with suppress(FileNotFoundError):
                if files[0][0].st_mtime - draft.stat().st_mtime > _KEEP_SECONDS:
                    draft.unlink()


class Slots:
    """The slots of one server, as one process uses them. Every method may be called from any thread."""

    def __init__(self, files: SlotFiles, render: Callable[[Address, Sequence[object], Sequence[object]], str]) -> None:
        self._files = files
        self._render = render
        self._lock = threading.Lock()
        self._address: Address | None = None
        self._held: dict[int, tuple[int, int]] = {}
        self._taken: set[int] = set()
        self._seen: OrderedDict[int, str] = OrderedDict()
        self._later: deque[Callable[[], None]] = deque()
        self._is_at_work = False

    def knows(self, prefix: int) -> bool:
        """Say whether `take` has something to do for a prefix."""
        return bool(prefix) and self._files.has(prefix)

    def take(self, address: Address, prefix: int) -> int | None:
        """Return an idle slot that has the prefix, loading it if need be; it is taken until `leave`.

        None: let the server choose.
        """
        if not self.knows(prefix):
            return None
        with self._lock:
            try:
                return self._take(address, prefix)
            except (OSError, Refused) as error:
                _log.warning("slot not restored", extra={"fields": {"error": str(error)}})
            return None

    def leave(self, address: Address, prefix: int, slot: int, cached: int | None) -> None:
        """Give a slot back. `cached` is how many tokens were not read again, if that is known."""
        self._do_later(lambda: self._left(address, prefix, slot, cached))

    def learn(
        self,
        address: Address,
        prefix: int,
        messages: Sequence[Mapping[str, object]],
        tools: Sequence[object],
        shared: int = 0,
    ) -> None:
        """Keep a prefix once two conversations have begun with it, or at once if it is known to be `shared`."""
        if not prefix or not self._files.fit or self._files.has(prefix):
            return
        own = shared or next((at for at, m in enumerate(messages) if m.get("role") == "user"), len(messages))
        begin = messages[:own]
        if sum(len(str(part)) for part in (*(m.get("content") for m in begin), *tools)) < _LEAST_CHARS:
            return
        if not shared and not self._is_second(prefix, messages[own:][:1]):
            return
        self._do_later(lambda: self._keep(address, prefix, begin, tools))

    def _is_second(self, prefix: int, first: Sequence[Mapping[str, object]]) -> bool:
        said = hashlib.blake2b(str([m.get("content") for m in first]).encode(), digest_size=8).hexdigest()
        with self._lock:
            known = self._seen.setdefault(prefix, said)
            self._seen.move_to_end(prefix)
            if len(self._seen) > _MOST_SEEN:
                self._seen.popitem(last=False)
        return known != said

    def _take(self, address: Address, prefix: int) -> int | None:
        self._meet(address)
        idle = {
            int(slot["id"]): int(slot.get("id_task", -1))
            for slot in get(address, "/slots", seconds=_RESTORE_SECONDS)
            if not slot["is_processing"] and slot["id"] not in self._taken
        }
        found = next((slot for slot, task in idle.items() if self._held.get(slot) == (prefix, task)), None)
        if found is None and idle:
            found = min(idle, key=lambda slot: idle[slot])
            body = {"filename": self._files.name(prefix)}
            try:
                post(address, f"/slots/{found}?action=restore", body, seconds=_RESTORE_SECONDS)
            except (OSError, Refused):
                # A file that is cut off, or of another build, and may even have ended the engine: it is made anew.
                self._files.drop(prefix)
                raise
            self._files.touch(prefix)
        if found is not None:
            self._taken.add(found)
            self._held.pop(found, None)
        return found

    def _left(self, address: Address, prefix: int, slot: int, cached: int | None) -> None:
        if cached == 0:
            # Some builds load a file and then read everything again; such a file is worth nothing.
            _log.warning("a restored slot was of no use", extra={"fields": {"file": self._files.name(prefix)}})
            self._files.drop(prefix)
        tasks = _tasks(address)
        with self._lock:
            if self._address != address:
                return
            self._taken.discard(slot)
            if slot in tasks and cached != 0:
                self._held[slot] = prefix, tasks[slot]

    def _keep(self, address: Address, prefix: int, begin: Sequence[object], tools: Sequence[object]) -> None:
        if self._files.has(prefix):
            return
        text = self._common(address, begin, tools)
        read = post(
            address, "/completion", {"prompt": text, "n_predict": 0, "cache_prompt": True}, seconds=_KEEP_SECONDS
        )
        slot, tokens = int(read["id_slot"]), int(read["tokens_evaluated"])
        draft = self._files.draft(prefix)
        try:
            saved = post(address, f"/slots/{slot}?action=save", {"filename": draft}, seconds=_KEEP_SECONDS)
            if abs(int(saved["n_saved"]) - tokens) > 1:
                # Another request was quicker to take the slot.
                return
            self._files.keep(draft, prefix)
        finally:
            self._files.throw_away(draft)
        self._files.sweep()
        tasks = _tasks(address)
        with self._lock:
            self._meet(address)
            if slot in tasks:
                self._held[slot] = prefix, tasks[slot]
        fields = {"tokens": saved["n_saved"], "bytes": saved["n_written"]}
        _log.info("prefix kept", extra={"fields": fields})

    def _common(self, address: Address, begin: Sequence[object], tools: Sequence[object]) -> str:
        """Return what every prompt with these messages and tools begins with, whatever the template is."""
        one, two = (
            self._render(address, [*begin, {"role": "user", "content": content}], tools) for content in ("a", "b")
        )
        same = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), 0)
        return one[:same]

    def _meet(self, address: Address) -> None:
        """Forget everything about the slots of a server that is gone."""
        if self._address != address:
            self._address = address
            self._held.clear()
            self._taken.clear()

    def _do_later(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._later.append(work)
            is_idle, self._is_at_work = not self._is_at_work, True
        if is_idle:
            threading.Thread(target=self._work, name="engine-slots", daemon=True).start()

    def _work(self) -> None:
        """Do what waits, one after the other, and end: an engine that is gone leaves no thread behind."""
        while True:
            with self._lock:
                if not self._later:
                    self._is_at_work = False
                    return
                work = self._later.popleft()
            try:
                work()
            except (OSError, Refused, KeyError, ValueError) as error:
                _log.warning("slots not looked after", extra={"fields": {"error": str(error)}})


def identity_of(model: Path, build: str) -> str:
    """Return a name for what a slot file fits: the model with its template and vocabulary, and the build."""
    with model.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    return hashlib.blake2b(header + f"{model.stat().st_size} {build}".encode(), digest_size=8).hexdigest()


def _tasks(address: Address) -> dict[int, int]:
    slots: list[dict[str, Any]] = get(address, "/slots", seconds=_RESTORE_SECONDS)
    return {int(slot["id"]): int(slot.get("id_task", -1)) for slot in slots if not slot["is_processing"]}

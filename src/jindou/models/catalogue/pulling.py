"""Pulling a model: from the first source that gives it, resumed, verified, and only then put in its place."""

import errno
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from jindou.models.catalogue.fitting import MARGIN
from jindou.models.catalogue.sources import fetch, published
from jindou.models.catalogue.store import Pulled, Store, read_json
from jindou.models.catalogue.types import (
    DiskFull,
    ModelEntry,
    ModelUnavailable,
    Progress,
    Reporter,
    Source,
    SourceFailed,
    WrongBytes,
)
from jindou.telemetry import get_logger

__all__ = ["pull"]

_log = get_logger(__name__)


def pull(entry: ModelEntry, folder: Path, *, timeout: float, report: Reporter, offline: bool = False) -> Path:
    """Return the model's file, fetched into `folder` if it is not there; `offline`, only from this machine.

    An interrupted pull goes on where it ended. The source that worked is asked first the next time.

    Raises:
        DiskFull: there is no room; the message says how much is needed, and where.
        ModelUnavailable: no source gave it; the message says what each answered.
        WrongBytes: the last source gave other bytes than the catalogue, or the hub, says.
        ModelInUse: another process fetches it now.
    """
    store = Store(folder)
    found = store.find(entry, report=lambda done: report(Progress("", done, entry.bytes)))
    if found is not None:
        return found
    try:
        with store.hold(entry.name):
            return _Pull(entry, store, timeout, report, offline=offline).run()
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _disk_full(entry, folder) from None
        raise DiskFull(f"The model can't be written to {folder} ({error.strerror}).") from None


class _Pull:
    """One pull of one model."""

    def __init__(self, entry: ModelEntry, store: Store, timeout: float, report: Reporter, *, offline: bool) -> None:
        self._entry = entry
        self._store = store
        self._timeout = timeout
        self._report = report
        self._offline = offline

    def run(self) -> Path:
        failures: dict[str, str] = {}
        wrong: WrongBytes | None = None
        for source in self._in_order():
            try:
                path = self._from(source)
            except SourceFailed as error:
                failures[source.name] = str(error)
                _log.info("source failed", extra={"fields": {"source": source.name, "why": str(error)}})
                continue
            except WrongBytes as error:
                failures[source.name], wrong = "it gave other bytes", error
                _log.warning("wrong bytes", extra={"fields": {"source": source.name, "why": error.message}})
                continue
            (self._store.folder / "source.json").write_text(json.dumps(source.name), encoding="utf-8")
            return path
        if wrong is not None:
            raise wrong
        title = self._entry.title
        if self._offline:
            raise ModelUnavailable(f"{title} is not in {self._store.folder}, and JINDOU_OFFLINE forbids fetching it.")
        told = "; ".join(f"{name}: {why}" for name, why in failures.items())
        raise ModelUnavailable(f"{title} can't be fetched now ({told}). Check the network, then start again.")

    def _in_order(self) -> Sequence[Source]:
        remembered = read_json(self._store.folder / "source.json")
        allowed = [source for source in self._entry.sources if source.path or not self._offline]
        return sorted(allowed, key=lambda source: (not source.path, source.name != remembered))

    def _from(self, source: Source) -> Path:
        entry = self._entry
        known = self._store.pulled(entry)
        size, sha256 = entry.bytes, entry.sha256
        if not sha256:
            said = known or published(source, self._timeout)
            size, sha256 = said.bytes or entry.bytes, said.sha256
            self._store.record(entry, Pulled(sha256=sha256, bytes=size, source=known.source if known else source.name))
        path = self._store.place(entry, sha256)
        if path.exists():
            # Another model has the same bytes.
            self._store.verify(entry, sha256, path)
            self._store.seal(path)
            return path
        part = path.with_suffix(".part")
        have = part.stat().st_size if part.exists() else 0
        if shutil.disk_usage(self._store.folder).free < size - have + MARGIN:
            raise _disk_full(entry, self._store.folder)
        self._fill(source, part, size, sha256)
        return self._store.keep(part, path)

    def _fill(self, source: Source, part: Path, size: int, sha256: str) -> None:
        """Fill `part` with the right bytes. If it held something before, wrong bytes may be those: then once more."""
        have = part.stat().st_size if part.exists() else 0
        self._report(Progress(source.name, have, size))
        fetch(source, part, self._timeout, lambda done: self._report(Progress(source.name, done, size)))
        try:
            self._store.verify(self._entry, sha256, part)
        except WrongBytes:
            if not have:
                raise
            self._fill(source, part, size, sha256)


def _disk_full(entry: ModelEntry, folder: Path) -> DiskFull:
    free = shutil.disk_usage(folder).free
    needed = entry.bytes + MARGIN
    return DiskFull(
        f"{entry.title} needs {needed >> 20} MB in {folder}, where {free >> 20} MB are free. Free some, or set "
        "JINDOU_MODELS_DIR to a folder with room. What is there already is kept."
    )

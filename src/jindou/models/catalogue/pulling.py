"""Pulling a model: from the first source that gives it, resumed, verified, and only then put in its place."""

import errno
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from jindou.models.catalogue.sources import fetch
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

__all__ = ["find", "pull"]

_MARGIN = 256 << 20
_CHUNK = 4 << 20
_log = get_logger(__name__)


def find(entry: ModelEntry, folder: Path) -> Path | None:
    """Return the model's file in `folder` if it is there and right, else None.

    Its bytes are read once; after that its size and time must be those it had then.

    Raises:
        WrongBytes: it is there and wrong. It has been removed, so that a pull fetches it again.
    """
    path = _place(entry, folder)
    if not path.exists():
        return None
    seal = path.with_suffix(".verified")
    now = [path.stat().st_size, path.stat().st_mtime_ns]
    if _read(seal) == now:
        return path
    _verify(entry, path)
    seal.write_text(json.dumps(now), encoding="utf-8")
    return path


def pull(entry: ModelEntry, folder: Path, *, timeout: float, report: Reporter) -> Path:
    """Return the model's file, fetched into `folder` if it is not there.

    An interrupted pull goes on where it ended. The source that worked is asked first the next time.

    Raises:
        DiskFull: there is no room; the message says how much is needed, and where.
        ModelUnavailable: no source gave it; the message says what each answered.
        WrongBytes: the last source gave other bytes than the catalogue says.
    """
    found = find(entry, folder)
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _pull(entry, folder, timeout, report)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _disk_full(entry, folder) from None
        raise DiskFull(f"The model can't be written to {folder} ({error.strerror}).") from None


def _pull(entry: ModelEntry, folder: Path, timeout: float, report: Reporter) -> Path:
    part = _place(entry, folder).with_suffix(".part")
    have = part.stat().st_size if part.exists() else 0
    if shutil.disk_usage(folder).free < entry.bytes - have + _MARGIN:
        raise _disk_full(entry, folder)
    failures: dict[str, str] = {}
    wrong: WrongBytes | None = None
    for source in _in_order(entry, folder):
        try:
            _fetch_right(entry, source, part, timeout, report)
        except SourceFailed as error:
            failures[source.name] = str(error)
            _log.info("source failed", extra={"fields": {"source": source.name, "why": str(error)}})
            continue
        except WrongBytes as error:
            failures[source.name], wrong = "it gave other bytes", error
            _log.warning("wrong bytes", extra={"fields": {"source": source.name, "why": error.message}})
            continue
        (folder / "source.json").write_text(json.dumps(source.name), encoding="utf-8")
        return _keep(entry, folder, part)
    if wrong is not None:
        raise wrong
    told = "; ".join(f"{name}: {why}" for name, why in failures.items())
    raise ModelUnavailable(f"{entry.title} can't be fetched now ({told}). Check the network, then start again.")


def _fetch_right(entry: ModelEntry, source: Source, part: Path, timeout: float, report: Reporter) -> None:
    """Fill `part` with the right bytes. If it held something before, the wrong bytes may be those: then once more."""
    have = part.stat().st_size if part.exists() else 0
    report(Progress(source.name, have, entry.bytes))
    fetch(source, part, timeout, lambda done: report(Progress(source.name, done, entry.bytes)))
    try:
        _verify(entry, part)
    except WrongBytes:
        if not have:
            raise
        _fetch_right(entry, source, part, timeout, report)


def _keep(entry: ModelEntry, folder: Path, part: Path) -> Path:
    path = _place(entry, folder)
    part.replace(path)
    seal = [path.stat().st_size, path.stat().st_mtime_ns]
    path.with_suffix(".verified").write_text(json.dumps(seal), encoding="utf-8")
    return path


def _in_order(entry: ModelEntry, folder: Path) -> list[Source]:
    remembered = _read(folder / "source.json")
    return sorted(entry.sources, key=lambda source: source.name != remembered)


def _verify(entry: ModelEntry, path: Path) -> None:
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() == entry.sha256:
        return
    path.unlink()
    raise WrongBytes(
        f"{path.name} is not {entry.title}: it has {size} bytes with sha256 {digest.hexdigest()[:16]}…, "
        f"expected {entry.bytes} with {entry.sha256[:16]}…. It was removed."
    )


def _place(entry: ModelEntry, folder: Path) -> Path:
    # The name carries the content's hash, so that two editions of a model never stand for one another.
    return folder / f"{Path(entry.file).stem}-{entry.sha256[:12]}.gguf"


def _disk_full(entry: ModelEntry, folder: Path) -> DiskFull:
    free = shutil.disk_usage(folder).free
    needed = entry.bytes + _MARGIN
    return DiskFull(
        f"{entry.title} needs {needed >> 20} MB in {folder}, where {free >> 20} MB are free. Free some, or set "
        "JINDOU_MODELS_DIR to a folder with room. What is there already is kept."
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

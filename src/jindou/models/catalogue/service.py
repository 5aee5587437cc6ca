"""The catalogue: dated data files, one for each model."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from jindou.models.catalogue.types import ModelEntry, UnknownModel

__all__ = ["AUTO", "choose", "get_entry", "list_entries"]

AUTO = "auto"
_ENTRIES = Path(__file__).parent / "entries"
_SPARE_FACTOR = 3.0
"""A model is picked where this many times its memory is free: the platform and its people need some, too."""


@cache
def list_entries() -> tuple[ModelEntry, ...]:
    """Return every model, the smallest first."""
    contents: list[Any] = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in _ENTRIES.glob("*.yaml")]
    return tuple(sorted(map(ModelEntry.model_validate, contents), key=lambda entry: entry.bytes))


def get_entry(name: str) -> ModelEntry:
    """Return a model.

    Raises:
        UnknownModel: there is none of that name; the message lists those there are.
    """
    entries = {entry.name: entry for entry in list_entries()}
    if name not in entries:
        raise UnknownModel(f"The catalogue has no model {name!r}; it has: {', '.join(entries)}.")
    return entries[name]


def choose(name: str, free_bytes: int, context_tokens: int) -> ModelEntry:
    """Return the model of `name`; for ``auto`` the largest that leaves memory to spare, else the smallest.

    Raises:
        UnknownModel: there is none of that name.
    """
    if name != AUTO:
        return get_entry(name)
    fitting = [e for e in list_entries() if e.memory_bytes(context_tokens) * _SPARE_FACTOR <= free_bytes]
    return fitting[-1] if fitting else list_entries()[0]

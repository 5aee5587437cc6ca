"""The entries: dated data files, one for each model; ours come with us, a home's own lie beside its model files."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from jindou.models.catalogue.types import ModelEntry, UnknownModel
from jindou.telemetry import get_logger

__all__ = ["AUTO", "choose", "get_entry", "list_entries", "own_entries", "own_folder", "pick", "put_own", "remove_own"]

AUTO = "auto"
_ENTRIES = Path(__file__).parent / "entries"
_CHOSEN_FROM = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
"""What `auto` picks from: what can be had wherever there is a package index, and is measured."""
_SPARE_FACTOR = 3.0
"""A model is picked where this many times its memory is free: the platform and its people need some, too."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""For our own entries, which every start reads: libyaml, which most builds of the package have, is far quicker.

It knows no bound for what is nested, so what somebody else wrote is not for it.
"""
_log = get_logger(__name__)


@cache
def list_entries() -> tuple[ModelEntry, ...]:
    """Return every model that comes with Jindou, the smallest first."""
    contents = [_Loader(path.read_text(encoding="utf-8")).get_single_data() for path in _ENTRIES.glob("*.yaml")]
    return tuple(sorted(map(ModelEntry.model_validate, contents), key=lambda entry: (entry.bytes, entry.name)))


def own_folder(folder: Path) -> Path:
    """Return where the entries lie that somebody added to the models `folder`."""
    return folder / "entries"


def own_entries(folder: Path) -> tuple[ModelEntry, ...]:
    """Return the entries that somebody added to the models `folder`. One that can't be read is left out and told."""
    found: list[ModelEntry] = []
    for path in sorted(own_folder(folder).glob("*.yaml")):
        try:
            content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
            entry = ModelEntry.model_validate({**content, "own": True})
        except (OSError, ValidationError, yaml.YAMLError, TypeError) as error:
            why = str(error).splitlines()[0]
            _log.warning("entry left out", extra={"fields": {"file": path.name, "why": why}})
            continue
        if entry.name == path.stem:
            found.append(entry)
    return tuple(found)


def put_own(folder: Path, entry: ModelEntry) -> None:
    """Write an entry of somebody's own into the models `folder`, whole or not at all."""
    place = own_folder(folder) / f"{entry.name}.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(entry.model_dump(mode="json", exclude={"own"}), sort_keys=False, allow_unicode=True)
    fresh = place.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(place)


def remove_own(folder: Path, name: str) -> None:
    """Take an entry of somebody's own out of the models `folder`."""
    (own_folder(folder) / f"{name}.yaml").unlink(missing_ok=True)


def get_entry(name: str) -> ModelEntry:
    """Return a model that comes with Jindou.

    Raises:
        UnknownModel: there is none of that name; the message lists those there are.
    """
    return pick(name, list_entries())


def pick(name: str, entries: tuple[ModelEntry, ...]) -> ModelEntry:
    """Return the entry of `name`.

    Raises:
        UnknownModel: there is none; the message lists those there are.
    """
    for entry in entries:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in entries)
    raise UnknownModel(f"The catalogue has no model {name!r}; it has: {known}.")


def choose(name: str, entries: tuple[ModelEntry, ...], free_bytes: int, context_tokens: int) -> ModelEntry:
    """Return the model of `name`; for ``auto`` the larger one that leaves memory to spare, else the smallest.

    Raises:
        UnknownModel: there is none of that name.
    """
    if name != AUTO:
        return pick(name, entries)
    ours = [get_entry(known) for known in _CHOSEN_FROM]
    fitting = [e for e in ours if e.memory_bytes(context_tokens) * _SPARE_FACTOR <= free_bytes]
    return fitting[-1] if fitting else ours[0]

"""The models of an installation, by its settings and its home folder."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from jindou.home import Home
from jindou.models.catalogue import Catalogue, ModelEntry
from jindou.models.engines import EngineConfig
from jindou.models.serving.choice import EngineChoice, choose_engine
from jindou.models.serving.local import LocalModels, Need
from jindou.models.serving.remote import RemoteModels
from jindou.models.upstreams import EngineUnavailable
from jindou.settings import Settings

__all__ = ["local_models", "open_catalogue", "remote_models"]

_SHARE: Final = 0.6
_SLOTS: Final = 2


def open_catalogue(settings: Settings, home: Home, served: Callable[[], frozenset[str]] = frozenset) -> Catalogue:
    """Return the catalogue of an installation; the files of those that are `served` are not touched."""
    return Catalogue(
        settings.models_dir or home.models,
        timeout=settings.source_timeout,
        offline=settings.offline,
        context_tokens=settings.context_tokens,
        slots=_SLOTS,
        served=served,
    )


def local_models(settings: Settings, home: Home, kept: str) -> LocalModels:
    """Return the models that this process runs; `kept` is never ended for being idle."""
    catalogue = open_catalogue(settings, home)
    budget = settings.memory_budget_gb * 1e9 or psutil.virtual_memory().total * _SHARE

    def need_of(name: str) -> Need:
        entry = catalogue.get(name)
        path = catalogue.find(entry)
        if path is None:
            raise EngineUnavailable(f"{entry.title} has not been fetched: `jindou models pull {name}`.")
        choice = _choice(settings, home, entry)
        config = replace(_config(settings, home, entry, path), threads=choice.threads, batch=choice.batch)
        return Need(choice.engine, config, entry.memory_bytes(settings.context_tokens, _SLOTS))

    return LocalModels(
        need_of,
        budget_bytes=int(budget),
        idle_seconds=settings.engine_idle_minutes * 60,
        kept=kept,
        announce=partial(home.announce_engines, kept),
    )


def remote_models(settings: Settings, home: Home) -> RemoteModels:
    """Return the models that another process of this installation runs."""
    catalogue = open_catalogue(settings, home)

    def config_of(name: str) -> EngineConfig:
        entry = catalogue.get(name)
        path = catalogue.find(entry) or Path(entry.file)
        return _config(settings, home, entry, path, announced=home.engines_file)

    def owner() -> tuple[str, str]:
        server = home.server()
        if server is None:
            raise EngineUnavailable("Jindou is not running here, so nobody runs its models: `jindou up`.")
        return str(server["url"]), home.operator_key()

    return RemoteModels(config_of, owner)


def _choice(settings: Settings, home: Home, entry: ModelEntry) -> EngineChoice:
    return choose_engine(settings.engine, settings.engine_threads, home.tuned_engine, native_tools=entry.native_tools)


def _config(
    settings: Settings, home: Home, entry: ModelEntry, path: Path, *, announced: Path | None = None
) -> EngineConfig:
    slots_bytes = int(settings.slots_disk_gb * 1e9)
    return EngineConfig(
        entry.name,
        path,
        settings.context_tokens,
        settings.engine_threads,
        home.engine_log,
        slots=_SLOTS,
        slots_path=home.slots if slots_bytes else None,
        slots_bytes=slots_bytes,
        announced=announced,
        native_tools=entry.native_tools and _choice(settings, home, entry).finds_calls,
    )

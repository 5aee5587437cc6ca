"""The models of one installation: ours and its own, what of them is here, whether they fit, and what they cost."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psutil

from jindou.billing.pricing import Price
from jindou.errors import Invalid
from jindou.models.catalogue.adding import AddAsk, entry_of
from jindou.models.catalogue.fitting import MARGIN, Fit, fit, room
from jindou.models.catalogue.pulling import pull
from jindou.models.catalogue.shelf import choose, list_entries, own_entries, own_folder, pick, put_own, remove_own
from jindou.models.catalogue.sources import fetch
from jindou.models.catalogue.store import Store, digest_of
from jindou.models.catalogue.types import (
    DiskFull,
    ModelEntry,
    ModelInUse,
    ModelTaken,
    Progress,
    Reporter,
    Source,
)
from jindou.models.catalogue.wire import Model, ModelPriceShown

__all__ = ["Catalogue"]


class Catalogue:
    """The models of the folder `folder`.

    `context_tokens` and `slots` are what an engine is started with, by which the memory is counted. `served` names the
    models that answer now: their files are not touched.
    """

    def __init__(
        self,
        folder: Path,
        *,
        timeout: float,
        offline: bool,
        context_tokens: int,
        slots: int = 2,
        served: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self.folder = folder
        self.served = served
        self._timeout = timeout
        self._offline = offline
        self._context_tokens = context_tokens
        self._slots = slots
        self._store = Store(folder)

    @property
    def own(self) -> Path:
        """The folder of one's own entries."""
        return own_folder(self.folder)

    def list_entries(self) -> tuple[ModelEntry, ...]:
        """Return every model, the smallest first, one's own among them."""
        both = (*list_entries(), *own_entries(self.folder))
        return tuple(sorted(both, key=lambda entry: (entry.bytes, entry.name)))

    def get(self, name: str) -> ModelEntry:
        """Return a model.

        Raises:
            UnknownModel: there is none of that name; the message lists those there are.
        """
        return pick(name, self.list_entries())

    def choose(self, name: str) -> ModelEntry:
        """Return the model of `name`; for ``auto`` the one that suits the memory that is free.

        Raises:
            UnknownModel: there is none of that name.
        """
        return choose(name, self.list_entries(), psutil.virtual_memory().available, self._context_tokens)

    def find(self, entry: ModelEntry) -> Path | None:
        """Return the model's file if it is there and right, else None.

        Raises:
            WrongBytes: it is there and wrong. It has been removed, so that a pull fetches it again.
        """
        return self._store.find(entry)

    def pull(self, entry: ModelEntry, report: Reporter = lambda _: None) -> Path:
        """Return the model's file, fetched if it is not there.

        Raises:
            DiskFull, ModelUnavailable, WrongBytes, ModelInUse: as `pulling.pull` says.
        """
        return pull(entry, self.folder, timeout=self._timeout, report=report, offline=self._offline)

    def fit(self, entry: ModelEntry, *, context_tokens: int = 0, slots: int = 0) -> Fit:
        """Say whether the model fits this machine now, with the context of the settings if none is named."""
        return fit(
            entry,
            room(self.folder),
            context_tokens=context_tokens or self._context_tokens,
            slots=slots or self._slots,
            on_disk=self._store.have(entry),
        )

    def show(self, entry: ModelEntry, *, context_tokens: int = 0, slots: int = 0) -> Model:
        """Return the model as it stands on this machine."""
        sha256 = self._store.sha256_of(entry)
        trust = "own" if entry.own else "pinned" if entry.sha256 else "published" if sha256 else "unknown"
        facts = entry.model_dump(include=set(Model.model_fields) - {"sha256", "sources", "prices"})
        return Model(
            **facts,
            kv_bytes_per_token=entry.kv_bytes_per_token,
            state=self._store.state(entry),
            have_bytes=self._store.have(entry),
            sha256=sha256,
            trust=trust,
            sources=[source.name for source in entry.sources],
            prices=[ModelPriceShown.model_validate(price.model_dump()) for price in entry.prices],
            fit=self.fit(entry, context_tokens=context_tokens, slots=slots),
            served=entry.name in self.served(),
        )

    def prices(self) -> list[Price]:
        """Return what every model costs, for the price book."""
        return [
            Price(
                sku=f"model:{entry.name}",
                valid_from=price.valid_from,
                currency=price.currency,
                per_million={
                    "input_tokens": price.input,
                    "cached_tokens": price.cached,
                    "output_tokens": price.output,
                    "reasoning_tokens": price.reasoning,
                },
            )
            for entry in self.list_entries()
            for price in entry.prices
        ]

    def add(self, path: Path, ask: AddAsk, today: date, report: Reporter = lambda _: None) -> ModelEntry:
        """Add a GGUF file of one's own: its bytes are hashed, linked or copied, and an entry is written for it.

        Raises:
            NotGguf: it is none, or a part of one.
            ModelTaken: there is a model of that name.
            DiskFull: there is no room for a copy.
        """
        entry = entry_of(path, ask, today)
        if any(entry.name == there.name for there in self.list_entries()):
            raise ModelTaken(f"There is a model {entry.name!r} already; choose another with --name.")
        with self._store.hold(entry.name):
            sha256 = digest_of(path, lambda done: report(Progress("local", done, entry.bytes)))
            entry = entry.model_copy(update={"sha256": sha256})
            self._take(entry, path)
            put_own(self.folder, entry)
        return entry

    def remove(self, name: str) -> int:
        """Remove a model's file, and the entry if it is one's own; return how many bytes became free.

        The bytes stay where another model that is here has the same.

        Raises:
            UnknownModel: there is none of that name.
            ModelInUse: it is served, or being fetched.
        """
        entry = self.get(name)
        if name in self.served():
            raise ModelInUse(f"{entry.title} is served now; stop it first: `jindou models stop {name}`.")
        sha256 = self._store.sha256_of(entry)
        others = [other for other in self.list_entries() if other.name != name]
        # An entry that comes with us claims its bytes only while it is served; one's own would be lost without them.
        shared = any(
            self._store.sha256_of(other) == sha256 and (other.own or other.name in self.served()) for other in others
        )
        with self._store.hold(name):
            freed = self._store.drop(entry, shared=bool(sha256) and shared)
            if entry.own:
                remove_own(self.folder, name)
        return freed

    def _take(self, entry: ModelEntry, path: Path) -> None:
        place = self._store.place(entry, entry.sha256)
        if place.exists():
            return
        part = place.with_suffix(".part")
        if shutil.disk_usage(self.folder).free < entry.bytes + MARGIN and not _same_disk(path, self.folder):
            raise DiskFull(f"{entry.title} needs {entry.bytes >> 20} MB in {self.folder}. Free some.")
        fetch(Source(name="local", path=str(path.resolve())), part, self._timeout, lambda _: None)
        self._store.verify(entry, entry.sha256, part)
        self._store.keep(part, place)


def _same_disk(path: Path, folder: Path) -> bool:
    """Say whether a second name costs nothing."""
    try:
        return path.stat().st_dev == folder.stat().st_dev
    except OSError as error:
        raise Invalid(f"{path} can't be read ({error.strerror}).", field="path", rule="readable") from None

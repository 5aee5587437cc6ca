"""What is here, what fits, what is one's own, and what goes."""

import os
from collections.abc import Generator
from datetime import date
from pathlib import Path

import pytest

from jindou.billing.pricing import PriceBook
from jindou.errors import Invalid, NotFound
from jindou.models.catalogue import AddAsk, Catalogue, ModelEntry, get_entry
from jindou.models.catalogue.fitting import MARGIN, Room, fit
from jindou.models.catalogue.gguf import NotGguf
from jindou.models.catalogue.shelf import list_entries, put_own
from jindou.models.catalogue.types import ModelInUse, ModelTaken
from support.gguf_file import write_gguf
from support.hub import Hub, open_hub

TODAY = date(2026, 3, 2)
FREE = AddAsk(input=0, cached=0, output=0)
GIB = 1 << 30


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    (tmp_path / "models").mkdir()
    return catalogue_in(tmp_path / "models")


@pytest.fixture
def hub() -> Generator[Hub]:
    with open_hub() as hub:
        yield hub


def catalogue_in(folder: Path, *served: str) -> Catalogue:
    return Catalogue(folder, timeout=30.0, offline=False, context_tokens=2048, served=lambda: frozenset(served))


def files(catalogue: Catalogue) -> list[str]:
    return sorted(path.suffix for path in catalogue.folder.glob("*.*"))


def test_every_entry_says_what_it_is_and_where_its_facts_are_from() -> None:
    for entry in list_entries():
        assert entry.sources
        assert entry.facts
        assert entry.checked_on >= date(2026, 11, 24)
        assert entry.licence in {"Apache-2.0", "MIT"}
        assert bool(entry.pooling) == (entry.kind in {"embedding", "reranker"})
        assert bool(entry.dimensions) == (entry.kind == "embedding")
        assert all(source.url.startswith("https://") for source in entry.sources if not source.wheels)
        assert all(source.url.endswith(entry.file) for source in entry.sources if source.url)
    kinds = {entry.kind for entry in list_entries()}
    assert kinds == {"chat", "coder", "embedding", "reranker"}


def test_memory_for_the_context_is_computed_from_the_architecture() -> None:
    assert get_entry("qwen2.5-coder-0.5b").kv_bytes_per_token == 24 * 2 * 64 * 2 * 2
    # Of 48 hybrid layers 12 keep keys and values.
    assert get_entry("qwen3-next-80b-a3b").kv_bytes_per_token == 12 * 2 * 256 * 2 * 2


def test_the_price_book_of_every_day_has_every_model(catalogue: Catalogue) -> None:
    book = PriceBook.load("CNY", catalogue.prices())
    plain = PriceBook.load("CNY")
    for entry in list_entries():
        price = book.price(f"model:{entry.name}", TODAY)
        assert price.per_million["input_tokens"] == entry.prices[-1].input
    for name in ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"):
        known = plain.price(f"model:{name}", TODAY).per_million
        (ours,) = [price for price in catalogue.prices() if price.sku == f"model:{name}"]
        assert {unit: ours.per_million[unit] for unit in known} == known


@pytest.mark.parametrize(
    ("memory", "disk", "verdict"),
    [(64, 64, "fits"), (6, 64, "tight"), (4, 64, "too_large"), (64, 2, "too_large")],
)
def test_whether_a_model_fits_is_told_by_memory_and_disk(memory: int, disk: int, verdict: str) -> None:
    entry = get_entry("qwen3-4b")
    said = fit(entry, Room(memory * GIB, disk * GIB), context_tokens=8192, slots=2, on_disk=0)
    assert said.verdict == verdict
    assert said.cache_bytes == entry.kv_bytes_per_token * 8192 * 2
    assert said.disk_needed == entry.bytes + MARGIN
    assert said.most_context_tokens <= entry.context_tokens


def test_a_model_that_is_here_needs_no_disk_and_a_longer_context_more_memory() -> None:
    entry = get_entry("qwen3-4b")
    short = fit(entry, Room(5 * GIB, 0), context_tokens=1024, slots=1, on_disk=entry.bytes)
    long = fit(entry, Room(5 * GIB, 0), context_tokens=32768, slots=1, on_disk=entry.bytes)
    assert (short.verdict, short.disk_needed, long.verdict) == ("fits", 0, "too_large")


def test_a_file_of_ones_own_is_known_from_then_on_by_its_header(catalogue: Catalogue, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "Some File.gguf")
    added = catalogue.add(path, AddAsk(input=1_000_000, cached=200_000, output=2_000_000), TODAY)
    assert (added.name, added.title, added.licence) == ("my-own-model", "My Own Model", "apache-2.0")
    assert (added.context_tokens, added.kv_bytes_per_token, added.native_tools) == (4096, 4 * 2 * 16 * 2 * 2, True)
    found = catalogue.find(catalogue.get("my-own-model"))
    assert found is not None
    assert found.read_bytes() == path.read_bytes()
    assert (catalogue.show(added).state, catalogue.show(added).trust) == ("here", "own")
    assert (
        PriceBook.load("CNY", catalogue.prices()).price("model:my-own-model", TODAY).per_million["output_tokens"]
        == 2_000_000
    )


def test_the_same_file_under_a_second_name_takes_no_room_and_stays_while_one_is_left(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    for name in ("one", "two"):
        catalogue.add(path, FREE.model_copy(update={"name": name}), TODAY)
    assert files(catalogue) == [".gguf", ".verified"]
    assert catalogue.remove("one") == 0
    assert catalogue.find(catalogue.get("two")) is not None
    catalogue.remove("two")
    assert files(catalogue) == []
    assert path.exists()
    with pytest.raises(NotFound):
        catalogue.get("two")


def test_a_removed_file_of_ones_own_frees_what_it_took(catalogue: Catalogue, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    size = path.stat().st_size
    catalogue.add(path, FREE, TODAY)
    path.unlink()
    assert catalogue.remove("my-own-model") == size


def test_a_served_model_is_not_removed(tmp_path: Path) -> None:
    catalogue = catalogue_in(tmp_path, "my-own-model")
    catalogue.add(write_gguf(tmp_path / "a.gguf"), FREE, TODAY)
    with pytest.raises(ModelInUse, match="models stop my-own-model"):
        catalogue.remove("my-own-model")


def test_a_name_is_taken_once(catalogue: Catalogue, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    catalogue.add(path, FREE, TODAY)
    with pytest.raises(ModelTaken, match="--name"):
        catalogue.add(path, FREE, TODAY)
    with pytest.raises(ModelTaken):
        catalogue.add(path, FREE.model_copy(update={"name": "qwen3-4b"}), TODAY)


@pytest.mark.parametrize("name", ["../x", "a/b", "a..b", "A", ".a", "-a", "a b", "x" * 81, "a\n"])
def test_a_name_can_lead_nowhere_else(catalogue: Catalogue, tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        catalogue.add(write_gguf(tmp_path / "a.gguf"), FREE.model_copy(update={"name": name}), TODAY)
    assert not list(tmp_path.glob("**/*.yaml"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"general.type": "adapter"}, "adapter"),
        ({"split.count": 3}, "one of 3 parts"),
        ({"qwen3.block_count": None}, "no language model"),
    ],
)
def test_what_is_no_whole_model_is_not_added(
    catalogue: Catalogue, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(NotGguf, match=said):
        catalogue.add(write_gguf(tmp_path / "a.gguf", changes), FREE, TODAY)


def test_where_a_second_name_is_not_possible_the_bytes_are_copied(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    path = write_gguf(tmp_path / "a.gguf", weights=3 << 20)
    found = catalogue.find(catalogue.add(path, FREE, TODAY))
    assert found is not None
    assert found.stat().st_ino != path.stat().st_ino
    assert found.read_bytes() == path.read_bytes()


def test_an_entry_that_was_spoilt_by_hand_is_left_out(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(write_gguf(tmp_path / "a.gguf"), FREE, TODAY)
    (catalogue.folder / "entries" / "spoilt.yaml").write_text("name: spoilt\nbytes: many\n", encoding="utf-8")
    (catalogue.folder / "entries" / "list.yaml").write_text("- 1\n", encoding="utf-8")
    assert [entry.name for entry in catalogue.list_entries() if entry.own] == ["my-own-model"]


def test_an_entry_of_ones_own_can_name_a_hub(hub: Hub, catalogue: Catalogue) -> None:
    content = b"GGUF of somebody"
    theirs: ModelEntry = get_entry("qwen3-4b").model_copy(
        update={"name": "theirs", "sha256": "", "about": True, "sources": (hub.source("b", content),), "own": True}
    )
    put_own(catalogue.folder, theirs)
    assert catalogue.pull(catalogue.get("theirs")).read_bytes() == content
    assert catalogue.show(catalogue.get("theirs")).sha256

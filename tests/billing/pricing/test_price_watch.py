"""A price holds once it is written, and a file that can't be read changes nothing."""

from datetime import date
from pathlib import Path

import pytest

from jindou.billing.pricing import PriceBook, PriceMissing, PriceWatch

DAY = date(2026, 3, 2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prices.yaml"


@pytest.fixture
def watch(file: Path) -> PriceWatch:
    return PriceWatch(lambda: PriceBook.load("CNY", file=file), (file, file.parent / "entries"))


def write(file: Path, per_million: int, sku: str = "model:mine") -> None:
    file.write_text(
        f"- {{sku: '{sku}', valid_from: 2026-01-01, currency: CNY, per_million: {{input_tokens: {per_million}}}}}\n",
        encoding="utf-8",
    )


def cost(watch: PriceWatch, sku: str = "model:mine") -> int:
    return watch.book.cost(sku, {"input_tokens": 1_000_000}, DAY).micro


def test_a_price_that_is_set_or_changed_holds_without_a_restart(watch: PriceWatch, file: Path) -> None:
    with pytest.raises(PriceMissing):
        cost(watch)
    for price in (5, 70):
        write(file, price)
        watch.look()
        assert cost(watch) == price


def test_what_was_worked_out_before_a_change_is_not_used_after_it(watch: PriceWatch, file: Path) -> None:
    write(file, 5)
    watch.look()
    book = watch.book
    assert cost(watch) == 5
    write(file, 600)
    watch.look()
    assert watch.book is book
    assert book.worst(["model:mine"], {"input_tokens": 1_000_000}, DAY).micro == 600


def test_a_file_that_can_not_be_read_changes_nothing(watch: PriceWatch, file: Path) -> None:
    write(file, 5)
    watch.look()
    for text in ("- {sku: 5}", "[", ""):
        file.write_text(text, encoding="utf-8")
        watch.look()
        assert cost(watch) == 5


def test_a_sku_that_is_gone_keeps_its_price_for_the_calls_that_are_open(watch: PriceWatch, file: Path) -> None:
    write(file, 5)
    watch.look()
    write(file, 7, "model:other")
    watch.look()
    file.unlink()
    watch.look()
    assert (cost(watch), cost(watch, "model:other")) == (5, 7)


def test_a_file_in_a_folder_is_seen_when_it_comes_changes_and_goes(file: Path) -> None:
    folder = file.parent / "entries"
    read: list[int] = []
    watch = PriceWatch(lambda: read.append(1) or PriceBook.load("CNY"), (folder,))
    folder.mkdir()
    watch.look()
    write(folder / "mine.yaml", 5)
    watch.look()
    write(folder / "mine.yaml", 500)
    watch.look()
    (folder / "mine.yaml").unlink()
    watch.look()
    watch.look()
    assert len(read) == 5

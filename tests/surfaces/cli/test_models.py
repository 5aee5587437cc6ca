"""`jindou models` where no server runs and where one does."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from jindou.models.catalogue.shelf import put_own
from support.gguf_file import write_gguf
from support.hub import BYTES, Hub, entry, open_hub

Run = Callable[..., Any]


@pytest.fixture
def hub() -> Generator[Hub]:
    with open_hub() as hub:
        yield hub


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home"


def test_models_are_listed_and_shown_without_a_server(jindou: Run, home: Path) -> None:
    listed = jindou("models", "list", "--home", str(home))
    assert listed.code == 0
    assert "qwen3-coder-30b-a3b" in listed.out
    shown = jindou("models", "info", "qwen3-next-80b-a3b", "--context", "1000", "--slots", "1", "--home", str(home))
    assert "taken from the hub at the pull, not pinned" in shown.out
    assert "1 × 1,000 tokens" in shown.out
    told = jindou("models", "info", "qwen3-4b", "--json", "--home", str(home)).json
    assert told["fit"]["verdict"] in {"fits", "tight", "too_large"}


def test_an_unknown_model_ends_with_one_line_and_its_code(jindou: Run, home: Path) -> None:
    for words in (("info",), ("pull",), ("remove",)):
        ended = jindou("models", *words, "nothing", "--home", str(home))
        assert ended.code == 6
        assert ended.err.startswith("Error: The catalogue has no model 'nothing'")
        assert ended.err.count("\n") == 1


def test_a_model_is_fetched_with_its_hash_as_the_hub_publishes_it(jindou: Run, home: Path, hub: Hub) -> None:
    put_own(home / "models", entry(hub.source("tiny", BYTES), pinned=False))
    ended = jindou("models", "pull", "tiny", "--home", str(home))
    assert ended.code == 0
    assert ended.out.startswith("tiny is here: ")
    assert ended.err.splitlines()[-1].startswith("Fetching Tiny from tiny: 100 % of ")
    freed = jindou("models", "remove", "tiny", "--json", "--home", str(home)).json
    assert freed == {"model": "tiny", "freed_bytes": len(BYTES)}


def test_a_pull_that_is_interrupted_keeps_what_came(
    jindou: Run, home: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_own(home / "models", entry(hub.source("tiny", BYTES)))
    real = __import__("jindou.models.catalogue.pulling", fromlist=["fetch"]).fetch

    def interrupted(*arguments: object) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("jindou.models.catalogue.pulling.fetch", interrupted)
        ended = jindou("models", "pull", "tiny", "--home", str(home))
    assert ended.code == 130
    assert "`jindou models pull tiny` goes on from there" in ended.err
    assert jindou("models", "pull", "tiny", "--home", str(home)).code == 0
    assert hub.asked[-1][1] == len(BYTES)


def test_offline_a_pull_says_that_it_may_not(
    jindou: Run, home: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_own(home / "models", entry(hub.source("tiny", BYTES)))
    monkeypatch.setenv("JINDOU_OFFLINE", "1")
    ended = jindou("models", "pull", "tiny", "--home", str(home))
    assert (ended.code, "JINDOU_OFFLINE" in ended.err, hub.asked) == (3, True, [])


def test_a_file_of_ones_own_is_added_with_a_price_and_never_without(jindou: Run, home: Path, tmp_path: Path) -> None:
    path = str(write_gguf(tmp_path / "mine.gguf"))
    assert jindou("models", "add", path, "--home", str(home)).code == 2
    words = ("--price-input", "1.5", "--price-output", "3", "--name", "mine", "--json", "--home", str(home))
    added = jindou("models", "add", path, *words).json
    assert (added["name"], added["trust"], added["state"]) == ("mine", "own", "here")
    assert (added["prices"][0]["input"], added["prices"][0]["cached"]) == (1_500_000, 300_000)
    assert jindou("models", "add", path, *words).code == 7


def test_what_is_no_gguf_file_is_refused_in_one_line(jindou: Run, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "picture.gguf"
    path.write_bytes(b"\x89PNG not at all")
    ended = jindou("models", "add", str(path), "--price-input", "0", "--price-output", "0", "--home", str(home))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "picture.gguf is no GGUF file" in ended.err


def test_what_a_server_serves_is_not_removed_under_it(here: Run) -> None:
    ended = here("models", "remove", "qwen2.5-coder-0.5b")
    assert ended.code == 7
    assert "is served now" in ended.err
    told = here("models", "info", "qwen2.5-coder-0.5b", "--json").json
    assert told["served"] is True


def test_serving_is_for_models_that_are_here_and_for_managers(here: Run) -> None:
    assert here("models", "serve", "qwen3-4b").code == 3
    assert here("models", "serve", "qwen3-4b", "--as", "clerk").code == 5
    assert here("models", "stop", "qwen3-4b", "--json").json == {"model": "qwen3-4b", "served": False}

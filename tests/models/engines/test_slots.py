"""What a model has read once is not read again: by another conversation, or after a restart."""

import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from jindou.models.engines import EngineConfig, EngineRequest, TextChunk, Usage
from jindou.models.engines.conformance import end_of
from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.engines.slots import SlotFiles, identity_of
from support.waiting import wait_for

RULES = " ".join(f"Rule {n}: keep to the facts of order {n * 37}." for n in range(30))


def request(content: str, rules: str = RULES, **fields: object) -> EngineRequest:
    messages = [{"role": "system", "content": rules}, {"role": "user", "content": content}]
    return EngineRequest(messages=messages, max_tokens=2, **fields)  # pyright: ignore[reportArgumentType]


def used(engine: LlamaCppEngine, asked: EngineRequest) -> Usage:
    return end_of(list(engine.stream(asked))).usage


Open = Callable[[], LlamaCppEngine]


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[], list[Path]]:
    return lambda: sorted((tmp_path / "slots").glob("*.slot"))


@pytest.fixture
def start(small_model: Path, tmp_path: Path) -> Generator[Open]:
    begun: list[LlamaCppEngine] = []

    def open_() -> LlamaCppEngine:
        for engine in begun:
            engine.stop()
        config = EngineConfig("small", small_model, 2048, 0, tmp_path / "engine.log", slots_path=tmp_path / "slots")
        begun.append(LlamaCppEngine(config))
        begun[-1].start()
        return begun[-1]

    yield open_
    for engine in begun:
        engine.stop()


def test_a_shared_beginning_is_kept_and_read_once_for_a_restart_and_for_two_at_once(
    start: Open, kept: Callable[[], list[Path]]
) -> None:
    engine = start()
    cold = used(engine, request("Hello", shared=1))
    assert cold.cached == 0
    wait_for(kept)
    engine = start()
    warm = used(engine, request("What is a lamp?"))
    assert warm.prompt - warm.cached < 30
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(partial(used, engine), [request("Tell me of one."), request("Tell me of two.")]))
    assert all(usage.prompt - usage.cached < 30 for usage in both)


def test_a_beginning_is_kept_once_two_conversations_have_it_and_only_the_beginning(
    start: Open, kept: Callable[[], list[Path]]
) -> None:
    engine = start()
    used(engine, request("My name is Lena Vogel, remember it well."))
    used(engine, request("My name is Lena Vogel, remember it well."))
    time.sleep(1)
    assert kept() == []
    used(engine, request("Hello"))
    wait_for(kept)
    size = kept()[0].stat().st_size
    whole = used(engine, request("Hello")).prompt
    assert size < whole * 12_400


def test_a_file_that_can_not_be_used_is_removed_and_the_answer_comes_all_the_same(
    start: Open, kept: Callable[[], list[Path]]
) -> None:
    engine = start()
    used(engine, request("Hello", shared=1))
    wait_for(kept)
    kept()[0].write_bytes(kept()[0].read_bytes()[:5000])
    engine = start()
    assert used(engine, request("Hello again")).completion == 2
    assert kept() == []


def test_what_an_engine_was_killed_over_is_no_file_to_load(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path, lambda: "model", most_bytes=1000)
    half, old, whole = files.draft(1), files.draft(1), files.draft(2)
    for name in (half, old, whole):
        (tmp_path / name).write_bytes(bytes(100))
    os.utime(tmp_path / old, (0, 0))
    files.keep(whole, 2)
    files.sweep()
    assert (files.has(1), files.has(2)) == (False, True)
    assert {path.name for path in tmp_path.iterdir()} == {half, files.name(2)}
    files.throw_away(half)
    assert [path.name for path in tmp_path.iterdir()] == [files.name(2)]


def test_short_beginnings_and_streams_that_are_closed_keep_nothing(start: Open, kept: Callable[[], list[Path]]) -> None:
    engine = start()
    used(engine, request("Hello", "Be short.", shared=1))
    stream = engine.stream(request("Hello", shared=1))
    while not (isinstance(chunk := next(stream), TextChunk) and chunk.text):
        pass
    stream.close()
    time.sleep(0.5)
    assert kept() == []


def test_the_folder_is_bounded_and_the_least_used_goes_first(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path, lambda: "model", most_bytes=250)
    for prefix in (1, 2, 3):
        (tmp_path / files.name(prefix)).write_bytes(bytes(100))
        time.sleep(0.02)
    files.touch(1)
    files.sweep()
    assert [files.has(prefix) for prefix in (1, 2, 3)] == [True, False, True]


def test_a_file_fits_one_model_and_one_build(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"GGUF one")
    (tmp_path / "b").write_bytes(b"GGUF two")
    names = {identity_of(tmp_path / name, build) for name in "ab" for build in ("1", "2")}
    assert len(names) == 4

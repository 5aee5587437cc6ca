"""The engine that was measured to be the fastest is the one that is started, as long as it is there."""

from pathlib import Path

import pytest

from jindou.models.serving import EngineChoice, choose_engine, remember
from jindou.models.tuning import Figures, Setup, best, measure, setups


def figures(engine: str, read: float, wrote: float, *, clock: float = 1.0, correct: bool = True) -> Figures:
    return Figures(Setup(engine, 2, 0), read, wrote, clock, correct=correct)


def test_without_a_measurement_it_is_the_engine_that_comes_with_us(tmp_path: Path) -> None:
    place = tmp_path / "engine.toml"
    assert choose_engine("auto", 0, place, native_tools=False) == EngineChoice("llamacpp")
    assert choose_engine("other", 3, place, native_tools=False) == EngineChoice("other", 3)


def test_what_was_measured_is_remembered_and_the_settings_win_over_it(tmp_path: Path) -> None:
    place = tmp_path / "engine.toml"
    remember(place, EngineChoice("llamacpp", 2, 512), day="2026-03-02", told="fast\nenough")
    assert choose_engine("auto", 0, place, native_tools=True) == EngineChoice("llamacpp", 2, 512)
    assert choose_engine("auto", 5, place, native_tools=True) == EngineChoice("llamacpp", 5, 512)
    assert choose_engine("other", 0, place, native_tools=True) == EngineChoice("other")
    place.unlink()
    assert choose_engine("auto", 0, place, native_tools=True) == EngineChoice("llamacpp")


def test_a_build_of_another_version_a_spoilt_file_and_one_without_tools_count_not(tmp_path: Path) -> None:
    place = tmp_path / "engine.toml"
    remember(place, EngineChoice("llamacpp", 2, 512), day="2026-03-02", told="")
    place.write_text(place.read_text(encoding="utf-8").replace("xllamacpp 2", "xllamacpp 1"), encoding="utf-8")
    assert choose_engine("auto", 0, place, native_tools=False) == EngineChoice("llamacpp")
    place.write_text("engine = 3 =", encoding="utf-8")
    assert choose_engine("auto", 0, place, native_tools=False) == EngineChoice("llamacpp")
    pytest.importorskip("ik_llama_cpp")
    remember(place, EngineChoice("ik", 2, 0), day="2026-03-02", told="")
    assert choose_engine("auto", 0, place, native_tools=False).engine == "ik"
    assert choose_engine("auto", 0, place, native_tools=True).engine == "llamacpp"


def test_the_best_reads_fastest_among_those_that_write_right_and_not_slowly() -> None:
    ours, fast = figures("llamacpp", 60, 12), figures("ik", 90, 11)
    assert best([ours, fast]) is fast
    assert best([ours, figures("ik", 200, 12, correct=False)]) is ours
    assert best([ours, figures("ik", 200, 5)]) is ours
    near = figures("ik", 88, 11, clock=2.0)
    assert best([ours, fast, near]) is near


def test_the_real_builds_are_measured_and_write_the_same(small_model: Path, tmp_path: Path) -> None:
    chosen = setups(quick=True)
    assert chosen[0].engine == "llamacpp"
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    found = measure(chosen, small_model, tmp_path / "log", turns=1, tell=tell)
    assert told[-1] == (2, 2)
    assert [each.setup for each in found] == chosen
    for each in found:
        assert each.correct, each.text
        assert each.prompt_per_cpu_second > 0
        assert each.decode_per_cpu_second > 0

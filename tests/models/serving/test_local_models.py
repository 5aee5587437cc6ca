"""Several real models at once on one machine: within the memory, loaded when asked, ended when idle."""

import json
import os
import signal
import stat
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from jindou.home import Home
from jindou.models.engines import EngineConfig
from jindou.models.engines.conformance import ask, text_of
from jindou.models.serving.local import LocalModels, Need
from jindou.models.serving.remote import RemoteModels
from jindou.models.upstreams import EngineUnavailable
from support.waiting import wait_for

GB = 10**9
Told = list[Sequence[Mapping[str, object]]]


class Machine:
    """Models `a`, `b` and `big`, of which two small ones fit, and what is told of them."""

    def __init__(self, small_model: Path, folder: Path, idle_seconds: float = 600.0, kept: str = "") -> None:
        self.told: Told = []
        self.configs = {
            name: EngineConfig(name, small_model, 2048, 0, folder / f"{name}.log") for name in ("a", "b", "c")
        }
        self.models = LocalModels(
            self._need, budget_bytes=2 * GB, idle_seconds=idle_seconds, kept=kept, announce=self.told.append
        )

    def _need(self, name: str) -> Need:
        if name == "big":
            return Need("llamacpp", self.configs["a"], 3 * GB)
        if name not in self.configs:
            raise EngineUnavailable(f"{name} has not been fetched.")
        return Need("llamacpp", self.configs[name], GB)

    def at_work(self) -> set[str]:
        return {health.model for health in self.models.health()}

    def ask(self, name: str) -> str:
        return text_of(list(self.models.find(name).engine.stream(ask("Say hello."))))


@pytest.fixture
def machine(small_model: Path, tmp_path: Path) -> Generator[Machine]:
    machine = Machine(small_model, tmp_path)
    machine.models.start()
    yield machine
    machine.models.stop()


def test_a_model_is_loaded_when_it_is_asked_and_the_least_used_idle_one_makes_room(machine: Machine) -> None:
    assert machine.at_work() == set()
    assert machine.models.upstream("a") is None
    assert machine.ask("a")
    assert machine.ask("b")
    assert machine.at_work() == {"a", "b"}
    machine.models.enter("a")
    machine.models.leave("a")
    assert machine.ask("c")
    assert machine.at_work() == {"a", "c"}


def test_one_at_work_is_never_ended_for_another(machine: Machine) -> None:
    for name in ("a", "b"):
        machine.models.load(name, 60)
    machine.models.enter("a")
    stream = machine.models.find("b").engine.stream(ask("Count from 1 to 1000.", max_tokens=1500))
    wait_for(lambda: getattr(next(stream), "text", ""))
    with pytest.raises(EngineUnavailable, match=r"c needs 1\.0 GB .*memory_budget_gb"):
        machine.models.load("c", 60)
    stream.close()
    wait_for(lambda: has_room_for(machine, "c"))
    assert machine.at_work() == {"a", "c"}


def test_who_asked_before_a_model_was_loaded_counts_as_much_as_who_asked_after(machine: Machine) -> None:
    machine.models.enter("a")
    for name in ("a", "b"):
        machine.models.load(name, 60)
        machine.models.enter(name)
    machine.models.leave("a")
    with pytest.raises(EngineUnavailable, match=r"c needs 1\.0 GB"):
        machine.models.load("c", 60)
    machine.models.leave("a")
    assert machine.models.load("c", 60) is not None
    assert machine.at_work() == {"b", "c"}


def has_room_for(machine: Machine, name: str) -> bool:
    try:
        return machine.models.load(name, 60) is not None
    except EngineUnavailable:
        return False


def test_what_does_not_fit_at_all_or_is_not_there_is_refused_at_once(machine: Machine) -> None:
    with pytest.raises(EngineUnavailable, match=r"big needs 3\.0 GB"):
        machine.models.load("big", 60)
    with pytest.raises(EngineUnavailable, match="has not been fetched"):
        machine.ask("nothing")


def test_two_who_ask_at_once_load_it_once(machine: Machine) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(machine.ask("a"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found)
    assert len(found) == 3
    assert len(machine.models.health()) == 1


def test_an_idle_model_is_ended_and_loaded_again_and_the_kept_one_stays(small_model: Path, tmp_path: Path) -> None:
    machine = Machine(small_model, tmp_path, idle_seconds=1.0, kept="b")
    machine.models.start()
    try:
        for name in ("a", "b"):
            machine.models.load(name, 60)
        wait_for(lambda: machine.at_work() == {"b"})
        assert machine.ask("a")
    finally:
        machine.models.stop()
    assert machine.at_work() == set()


def test_a_model_that_is_unloaded_ends_what_it_has_under_way_and_stays_for_who_asks_again(machine: Machine) -> None:
    machine.models.load("a", 60)
    machine.models.enter("a")
    machine.models.unload("a")
    assert machine.ask("a")
    machine.models.enter("a")
    machine.models.leave("a")
    machine.models.leave("a")
    machine.models.unload("b")
    assert machine.at_work() == {"a"}
    machine.models.enter("a")
    machine.models.unload("a")
    assert machine.at_work() == {"a"}
    machine.models.load("a", 60)
    machine.models.leave("a")
    time.sleep(1.0)
    assert machine.at_work() == {"a"}, "It was served again."
    machine.models.unload("a")
    wait_for(lambda: machine.at_work() == set())


def test_a_broken_file_is_told_and_takes_no_memory(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    machine.configs["a"] = EngineConfig("a", tmp_path / "broken.gguf", 2048, 1, tmp_path / "a.log")
    with pytest.raises(EngineUnavailable, match=r"broken\.gguf"):
        machine.ask("a")
    assert machine.at_work() == set()


def test_another_process_finds_the_engines_in_the_home_and_follows_a_restart(small_model: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    machine = Machine(small_model, tmp_path)
    machine.models = LocalModels(
        lambda name: Need("llamacpp", machine.configs[name], GB),
        budget_bytes=2 * GB,
        idle_seconds=600,
        announce=lambda engines: home.announce_engines("a", engines),
    )

    def config_of(name: str) -> EngineConfig:
        return EngineConfig(name, small_model, 2048, 0, tmp_path / "x.log", announced=home.engines_file)

    def owner() -> tuple[str, str]:
        raise EngineUnavailable("nobody is there")

    remote = RemoteModels(config_of, owner)
    with pytest.raises(EngineUnavailable, match="nobody is there"):
        remote.load("a", 1)
    machine.models.start()
    try:
        machine.models.load("a", 60)
        wait_for(lambda: remote.upstream("a"))
        assert remote.upstream("a") == machine.models.upstream("a")
        assert stat.S_IMODE(home.engines_file.stat().st_mode) == 0o600
        assert home.standing_model() == "a"
        assert text_of(list(remote.find("a").engine.stream(ask("Say hello."))))
        pid = machine.models.health()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: machine.models.health()[0].restarts == 1 and machine.models.upstream("a"))
        wait_for(lambda: remote.upstream("a") == machine.models.upstream("a"))
        assert text_of(list(remote.find("a").engine.stream(ask("Say hello."))))
    finally:
        machine.models.stop()
    assert json.loads(home.engines_file.read_text())["engines"] == []

"""llama.cpp in a child process: as every engine, and as a child."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from jindou.errors import Invalid
from jindou.models.engines import EngineConfig, FinalChunk
from jindou.models.engines.conformance import ask, text_of
from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.serving import open_engine
from jindou.models.upstreams import EngineDied, EngineUnavailable
from models.engines.engine_checks import EngineConformance


@pytest.fixture(scope="module")
def engine(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[LlamaCppEngine]:
    log = tmp_path_factory.mktemp("engine") / "engine.log"
    engine = LlamaCppEngine(EngineConfig("small", small_model, 2048, 0, log))
    engine.start()
    yield engine
    engine.stop()


class TestConformance(EngineConformance):
    """llama.cpp does what every engine must."""


def pid_of(engine: LlamaCppEngine) -> int:
    pid = engine.health().pid
    assert pid is not None
    return pid


def test_a_child_killed_in_the_middle_is_told_of_and_replaced(engine: LlamaCppEngine) -> None:
    restarts = engine.health().restarts
    stream = engine.stream(ask("Count from 1 to 500.", max_tokens=1000))
    next(stream)
    os.kill(pid_of(engine), signal.SIGKILL)
    with pytest.raises(EngineDied):
        list(stream)
    assert text_of(list(engine.stream(ask("Say hello."))))
    assert engine.health().restarts == restarts + 1
    assert engine.health().state == "ready"


def test_the_child_listens_on_loopback_alone_and_opens_to_its_key_alone(engine: LlamaCppEngine) -> None:
    health = engine.health()
    listening = [c.laddr for c in psutil.Process(pid_of(engine)).net_connections("inet") if c.status == "LISTEN"]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", health.port)]
    connection = http.client.HTTPConnection("127.0.0.1", health.port, timeout=30)
    connection.request("POST", "/completion", b"{}", {"Authorization": "Bearer wrong"})
    assert connection.getresponse().status == 401
    connection.close()


def test_nothing_of_the_configuration_shows_in_the_arguments_or_the_environment(
    engine: LlamaCppEngine, small_model: Path
) -> None:
    child = psutil.Process(pid_of(engine))
    shown = " ".join(child.cmdline()) + " ".join(child.environ().values())
    assert small_model.name not in shown
    assert set(child.environ()) <= {"PYTHONPATH", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "LC_CTYPE"}


def test_markers_of_the_chat_format_in_a_message_are_only_text(engine: LlamaCppEngine) -> None:
    plain, marked = (list(engine.stream(ask(text * 50))) for text in ("a", "<|im_end|>"))
    ends = [chunk for chunk in (plain[-1], marked[-1]) if isinstance(chunk, FinalChunk)]
    # As a marker each would be one token; as text it is several.
    assert ends[1].usage.prompt > 150


def test_health_says_how_much_memory_the_child_holds(engine: LlamaCppEngine) -> None:
    assert (engine.health().rss_bytes or 0) > 100_000_000


def test_a_file_that_is_no_model_is_refused_with_the_place_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(1000))
    engine = LlamaCppEngine(EngineConfig("broken", tmp_path / "broken.gguf", 2048, 1, tmp_path / "engine.log"))
    with pytest.raises(EngineUnavailable, match=r"broken\.gguf.*engine\.log"):
        engine.start()
    assert engine.health().state == "stopped"


PARENT = """
import sys, time
from pathlib import Path
from jindou.models.engines import EngineConfig
from jindou.models.engines.llamacpp import LlamaCppEngine
engine = LlamaCppEngine(EngineConfig("small", Path(sys.argv[1]), 2048, 0, Path(sys.argv[2])))
engine.start()
print(engine.health().pid, flush=True)
time.sleep(600)
"""


def test_the_child_of_a_killed_parent_leaves_by_itself(small_model: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(small_model), str(tmp_path / "engine.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([child], timeout=30)
    assert gone
    assert not alive


def test_an_engine_is_found_by_its_name(small_model: Path, tmp_path: Path) -> None:
    config = EngineConfig("small", small_model, 2048, 0, tmp_path / "engine.log")
    assert isinstance(open_engine("llamacpp", config), LlamaCppEngine)
    with pytest.raises(Invalid, match="llamacpp"):
        open_engine("nobody", config)

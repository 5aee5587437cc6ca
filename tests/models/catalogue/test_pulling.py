"""A model is fetched from what answers, goes on where it ended, and only the right bytes are kept."""

import hashlib
import shutil
import socket
import threading
import zipfile
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from typing_extensions import override

from jindou.errors import NotFound
from jindou.models.catalogue import (
    DiskFull,
    ModelEntry,
    ModelUnavailable,
    Progress,
    WrongBytes,
    choose,
    find,
    get_entry,
    list_entries,
    pull,
)
from jindou.models.catalogue.types import Source, Wheel

BYTES = bytes(range(256)) * 20_000


class Hub(ThreadingHTTPServer):
    """Serves `files` and notes from which byte each was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, int]] = []

    def source(self, name: str, content: bytes) -> Source:
        self.files[f"/{name}"] = content
        return Source(name=name, url=f"http://127.0.0.1:{self.server_port}/{name}")


class _Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        hub = self.server
        assert isinstance(hub, Hub)
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        hub.asked.append((self.path[1:], start))
        content = hub.files[self.path][start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Silent(NamedTuple):
    """A server that takes a connection and never says anything."""

    source: Source


@pytest.fixture
def hub() -> Generator[Hub]:
    with Hub() as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        yield hub
        hub.shutdown()


@pytest.fixture
def silent() -> Generator[Silent]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Silent(Source(name="silent", url=f"http://127.0.0.1:{server.getsockname()[1]}/x"))


def entry(*sources: Source, content: bytes = BYTES) -> ModelEntry:
    return ModelEntry(
        name="tiny",
        title="Tiny",
        parameters="1",
        quantisation="none",
        licence="Apache-2.0",
        context_tokens=1,
        file="tiny.gguf",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        kv_bytes_per_token=1,
        sources=sources,
    )


def fetch(tiny: ModelEntry, folder: Path, steps: list[Progress] | None = None) -> Path:
    return pull(tiny, folder, timeout=0.5, report=(steps if steps is not None else []).append)


def test_a_model_is_fetched_with_progress_and_found_from_then_on(hub: Hub, tmp_path: Path) -> None:
    tiny, steps = entry(hub.source("a", BYTES)), list[Progress]()
    assert find(tiny, tmp_path) is None
    path = fetch(tiny, tmp_path, steps)
    assert path.read_bytes() == BYTES
    assert find(tiny, tmp_path) == path
    assert steps[-1] == Progress("a", len(BYTES), len(BYTES))
    fetch(tiny, tmp_path)
    assert len(hub.asked) == 1


def test_an_interrupted_pull_goes_on_where_it_ended(hub: Hub, tmp_path: Path) -> None:
    tiny = entry(hub.source("a", BYTES))

    def interrupt(step: Progress) -> None:
        if step.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(tiny, tmp_path, timeout=5, report=interrupt)
    assert find(tiny, tmp_path) is None
    assert fetch(tiny, tmp_path).read_bytes() == BYTES
    assert hub.asked[-1][1] > 0


def test_a_truncated_file_is_refused_and_the_next_source_asked(hub: Hub, tmp_path: Path) -> None:
    tiny = entry(hub.source("short", BYTES[:-5]), hub.source("right", BYTES))
    assert fetch(tiny, tmp_path).read_bytes() == BYTES
    assert [name for name, _ in hub.asked] == ["short", "right"]


def test_wrong_bytes_are_named_with_what_was_expected_and_what_came(hub: Hub, tmp_path: Path) -> None:
    wrong = b"?" * len(BYTES)
    with pytest.raises(WrongBytes) as caught:
        fetch(entry(hub.source("a", wrong)), tmp_path)
    for part in ("tiny", hashlib.sha256(wrong).hexdigest()[:16], hashlib.sha256(BYTES).hexdigest()[:16]):
        assert part in str(caught.value)
    assert not list(tmp_path.glob("*.gguf"))


def test_a_spoilt_part_is_thrown_away_and_fetched_again_from_the_same_source(hub: Hub, tmp_path: Path) -> None:
    tiny = entry(hub.source("a", BYTES))
    part = fetch(tiny, tmp_path)
    part.replace(part.with_suffix(".part"))
    part.with_suffix(".part").write_bytes(b"?" * 1000)
    assert fetch(tiny, tmp_path).read_bytes() == BYTES
    assert [start for _, start in hub.asked] == [0, 1000, 0]


def test_a_file_changed_on_disk_is_refused_and_can_be_fetched_again(hub: Hub, tmp_path: Path) -> None:
    tiny = entry(hub.source("a", BYTES))
    fetch(tiny, tmp_path).write_bytes(BYTES[:-1])
    with pytest.raises(WrongBytes):
        find(tiny, tmp_path)
    assert fetch(tiny, tmp_path).read_bytes() == BYTES


def test_a_silent_source_is_skipped_and_the_one_that_works_asked_first_the_next_time(
    hub: Hub, silent: Silent, tmp_path: Path
) -> None:
    tiny = entry(silent.source, hub.source("right", BYTES))
    fetch(tiny, tmp_path).unlink()
    steps: list[Progress] = []
    fetch(tiny, tmp_path, steps)
    assert {step.source for step in steps} == {"right"}


def test_when_no_source_gives_it_the_message_says_what_each_answered(silent: Silent, tmp_path: Path) -> None:
    closed = Source(name="closed", url="http://127.0.0.1:1/x")
    with pytest.raises(ModelUnavailable, match=r"silent: .*; closed: .*network"):
        fetch(entry(silent.source, closed), tmp_path)


def test_a_full_disk_is_told_with_the_room_that_is_needed_and_where(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)

    def nearly_full(_: Path) -> object:
        return usage._replace(free=1_000_000)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(DiskFull, match=rf"needs \d+ MB in {tmp_path}"):
        fetch(entry(hub.source("a", BYTES)), tmp_path)
    assert hub.asked == []


def test_pieces_in_wheels_are_put_together_and_never_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, folder = tmp_path / "shelf", tmp_path / "models"
    shelf.mkdir()
    half = len(BYTES) // 2
    wheels = tuple(wheel_with(shelf, n, piece) for n, piece in enumerate((BYTES[:half], BYTES[half:]), 1))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    tiny = entry(Source(name="pypi", wheels=wheels))
    assert pull(tiny, folder, timeout=30, report=lambda _: None).read_bytes() == BYTES
    assert sorted(path.suffix for path in folder.iterdir()) == [".gguf", ".json", ".verified"]


def wheel_with(shelf: Path, n: int, piece: bytes) -> Wheel:
    path = shelf / f"tiny_piece{n}-1.0-py3-none-any.whl"
    about = f"tiny_piece{n}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"tiny_piece{n}/part.bin", piece)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tiny-piece{n}\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return Wheel(
        package=f"tiny-piece{n}",
        version="1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        wheel_bytes=path.stat().st_size,
        member=f"tiny_piece{n}/part.bin",
        bytes=len(piece),
    )


def test_every_entry_can_be_had_from_an_index_and_its_pieces_add_up() -> None:
    for model in list_entries():
        (wheels,) = [source.wheels for source in model.sources if source.wheels]
        assert sum(wheel.bytes for wheel in wheels) == model.bytes


def test_the_model_is_chosen_by_free_memory_or_by_name() -> None:
    assert choose("auto", 64 << 30, 8192).name == "qwen2.5-coder-1.5b"
    assert choose("auto", 1 << 30, 8192).name == "qwen2.5-coder-0.5b"
    assert choose("qwen2.5-coder-0.5b", 64 << 30, 8192).name == "qwen2.5-coder-0.5b"
    with pytest.raises(NotFound, match=r"qwen2\.5-coder"):
        get_entry("nothing")

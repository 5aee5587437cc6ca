"""A model is fetched from what answers, goes on where it ended, and only the right bytes are kept."""

import hashlib
import shutil
import threading
import zipfile
from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.errors import NotFound
from jindou.models.catalogue import Progress, WrongBytes, get_entry, pull
from jindou.models.catalogue.shelf import choose, list_entries
from jindou.models.catalogue.store import Store
from jindou.models.catalogue.types import DiskFull, ModelInUse, ModelUnavailable, Source, Wheel
from support.hub import BYTES, Hub, entry, fetch, find, open_hub, silent_source


@pytest.fixture
def hub() -> Generator[Hub]:
    with open_hub() as hub:
        yield hub


@pytest.fixture
def silent() -> Generator[Source]:
    with silent_source() as source:
        yield source


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
        pull(tiny, tmp_path, timeout=30, report=interrupt)
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
    hub: Hub, silent: Source, tmp_path: Path
) -> None:
    tiny = entry(silent, hub.source("right", BYTES))
    fetch(tiny, tmp_path, patience=2.0).unlink()
    steps: list[Progress] = []
    fetch(tiny, tmp_path, steps)
    assert {step.source for step in steps} == {"right"}


def test_when_no_source_gives_it_the_message_says_what_each_answered(silent: Source, tmp_path: Path) -> None:
    closed = Source(name="closed", url="http://127.0.0.1:1/x")
    with pytest.raises(ModelUnavailable, match=r"silent: .*; closed: .*network"):
        fetch(entry(silent, closed), tmp_path, patience=0.5)


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
    assert sorted(path.suffix for path in folder.iterdir() if path.is_file()) == [".gguf", ".json", ".verified"]


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


def test_the_pieces_of_an_entry_add_up_to_its_file() -> None:
    # What the wheels of an embedding model hold is made into its file only afterwards.
    for model in (model for model in list_entries() if model.kind == "coder"):
        for source in model.sources:
            assert not source.wheels or sum(wheel.bytes for wheel in source.wheels) == model.bytes


def test_the_model_is_chosen_by_free_memory_or_by_name() -> None:
    ours = list_entries()
    assert choose("auto", ours, 64 << 30, 8192).name == "qwen2.5-coder-1.5b"
    assert choose("auto", ours, 1 << 30, 8192).name == "qwen2.5-coder-0.5b"
    assert choose("qwen3-8b", ours, 1 << 30, 8192).name == "qwen3-8b"
    with pytest.raises(NotFound, match=r"qwen2\.5-coder"):
        get_entry("nothing")


def test_without_a_pinned_hash_the_one_that_the_hub_publishes_is_taken_recorded_and_held_to(
    hub: Hub, tmp_path: Path
) -> None:
    tiny = entry(hub.source("a", BYTES), pinned=False)
    assert find(tiny, tmp_path) is None
    path = fetch(tiny, tmp_path)
    assert path.read_bytes() == BYTES
    pulled = Store(tmp_path).pulled(tiny)
    assert pulled is not None
    assert (pulled.sha256, pulled.bytes, pulled.source) == (hashlib.sha256(BYTES).hexdigest(), len(BYTES), "a")
    assert find(tiny, tmp_path) == path
    path.write_bytes(BYTES[:-1])
    with pytest.raises(WrongBytes):
        find(tiny, tmp_path)


def test_bytes_that_are_not_what_the_hub_publishes_are_not_kept(hub: Hub, tmp_path: Path) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(WrongBytes, match=other[:16]):
        fetch(entry(hub.source("a", BYTES, published=other), pinned=False), tmp_path)
    assert not list(tmp_path.glob("*.gguf"))


def test_a_hub_that_publishes_no_hash_gives_nothing_and_the_next_is_asked(hub: Hub, tmp_path: Path) -> None:
    tiny = entry(hub.source("a", BYTES, published=""), hub.modelscope("tiny.gguf", BYTES), pinned=False)
    assert fetch(tiny, tmp_path).read_bytes() == BYTES
    pulled = Store(tmp_path).pulled(tiny)
    assert pulled is not None
    assert pulled.source == "modelscope"
    assert [name.rpartition("/")[2] for name, _ in hub.asked] == ["tiny.gguf"]


def test_a_hub_without_the_file_is_told_with_what_it_answered(hub: Hub, tmp_path: Path) -> None:
    missing = Source(name="gone", url=f"{hub.url}/gone")
    with pytest.raises(ModelUnavailable, match="gone: it answered 404"):
        fetch(entry(missing, pinned=False), tmp_path)


def test_the_same_bytes_are_kept_and_fetched_once(hub: Hub, tmp_path: Path) -> None:
    one, two = entry(hub.source("a", BYTES)), entry(hub.source("b", BYTES), name="twin")
    unpinned = entry(hub.source("c", BYTES), name="third", pinned=False)
    paths = {fetch(tiny, tmp_path) for tiny in (one, two, unpinned)}
    assert len(paths) == 1
    assert hub.asked == [("a", 0)]


def test_a_second_process_does_not_write_into_a_pull_under_way(hub: Hub, tmp_path: Path) -> None:
    tiny = entry(hub.source("a", BYTES))
    waits, goes = threading.Event(), threading.Event()

    def hold(_: Progress) -> None:
        waits.set()
        goes.wait(60)

    first = threading.Thread(target=pull, args=(tiny, tmp_path), kwargs={"timeout": 30, "report": hold})
    first.start()
    try:
        assert waits.wait(60)
        with pytest.raises(ModelInUse):
            fetch(tiny, tmp_path)
    finally:
        goes.set()
        first.join()
    assert find(tiny, tmp_path) is not None


def test_offline_nothing_is_asked_outside_and_what_is_here_works(hub: Hub, tmp_path: Path) -> None:
    tiny = entry(hub.source("a", BYTES))
    with pytest.raises(ModelUnavailable, match="OFFLINE"):
        fetch(tiny, tmp_path, offline=True)
    assert hub.asked == []
    path = fetch(tiny, tmp_path)
    assert fetch(tiny, tmp_path, offline=True) == path
    local = tmp_path / "elsewhere.bin"
    local.write_bytes(BYTES)
    near = entry(Source(name="local", path=str(local)), name="near")
    assert fetch(near, tmp_path / "models", offline=True).read_bytes() == BYTES

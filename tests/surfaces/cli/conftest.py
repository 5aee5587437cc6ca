import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jindou.assembly import Platform
from jindou.surfaces.cli import main
from support.scripted import call
from support.served import serve


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


def script(messages: Sequence[dict[str, object]]) -> str:
    """Refund what `refund <amount> for <order>` asks for; greet; or write what would command a terminal."""
    last = messages[-1]
    words = str(last["content"]).split()
    if last["role"] == "tool":
        return "The money is on its way."
    if words[:1] == ["refund"]:
        return call("refund_order", order_id=words[3], amount=float(words[1]), reason="broken lamp")
    return "Hello \x1b]0;there" if "escape" in words else "Good morning."


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the terminal be in English."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with serve(tmp_path_factory.mktemp("home"), script) as platform:
        yield platform


@pytest.fixture
def jindou(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run(*words: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfd.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, out, err)

    return run


@pytest.fixture
def here(jindou: Run, platform: Platform) -> Run:
    """Run a command against the server."""
    home: Path = platform.home.path
    return lambda *words: jindou(*words, "--home", str(home))

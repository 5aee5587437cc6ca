import re
from pathlib import Path

import pytest

from jindou_client import Client
from support.scripted import refund_script
from support.served import serve

README = Path(__file__).parents[2] / "clients" / "python" / "README.md"


def test_the_example_in_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    code = "\n".join(re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL))
    with serve(tmp_path / ".jindou", refund_script("SO-10007", 120)) as platform:
        exec(code.replace("http://127.0.0.1:8787", platform.settings.url), {})  # noqa: S102 - it is our own README
    told = capsys.readouterr().out
    assert "Think: 0.0" in told
    assert re.search(r"apr_\w+ waits for somebody", told)
    assert "('jindou.no-self-approval',)" in told


def test_the_readme_names_every_room_and_verb_of_the_client_and_none_besides() -> None:
    table = re.findall(r"^\| (?:`(\w+)` )?\| (.*`.*) \|$", README.read_text(), re.MULTILINE)
    told = {name: sorted(re.findall(r"`(\w+)(?:\(\))?`", verbs)) for name, verbs in table}
    with Client() as client:
        rooms = {name: room for name, room in vars(client).items() if not name.startswith("_")}
    own = [verb for verb in _verbs(client) if verb not in rooms]
    assert told == {name: _verbs(room) for name, room in rooms.items()} | {"": own}


def _verbs(room: object) -> list[str]:
    return [name for name in dir(room) if not name.startswith("_")]

"""The engine that tests script does what every engine must, so that tests with it say something of the others."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from jindou.models.engines.conformance import main
from models.engines.engine_checks import EngineConformance
from support.scripted import ScriptedEngine


def script(messages: Sequence[dict[str, object]]) -> str:
    content = str(messages[-1]["content"])
    answers = {"Give me a.": '{"a": 1}', "Where is the Colosseum?": '{"city": "Rome", "size": 3}'}
    return answers.get(content, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12")


class Scripted(ScriptedEngine):
    """What a third party's engine looks like: made from a configuration."""

    def __init__(self, _config: object) -> None:
        super().__init__(script)


class Wordy(Scripted):
    """One that does not keep to the limit."""

    def __init__(self, _config: object) -> None:
        ScriptedEngine.__init__(self, lambda _: "never ends " * 100)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(script)


class TestConformance(EngineConformance):
    """The scripted engine conforms."""


def test_anybody_can_hold_an_engine_against_the_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text('{"model_name": "mine"}')
    arguments = ["--config", str(tmp_path / "config.json"), "--json", "--engine"]
    assert main([*arguments, "models.engines.test_scripted:Scripted"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"]
    assert {"cut", "schema", "overflow", "restart"} <= {check["name"] for check in found["checks"]}


def test_an_engine_that_does_something_else_is_told_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert main(["--config", str(tmp_path / "config.json"), "--engine", "models.engines.test_scripted:Wordy"]) == 1
    assert "✗ schema: Output fits the schema. But: Unfit: it writes 'never ends" in capsys.readouterr().out

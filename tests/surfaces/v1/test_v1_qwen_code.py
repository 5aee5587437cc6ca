"""Qwen Code reads a file for a model behind the gateway, in each of the APIs that it speaks."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from gateway_site import MODEL, Gateway

from support.paced import PacedEngine
from support.qwen_code import QwenCode
from support.scripted import call
from support.served import serve

ANSWER = "The lamp costs 79 euro."
QUESTION = "Read lamp.txt and say what the lamp costs."


def blocks(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    contents = [message["message"]["content"] for message in messages if "message" in message]
    return [block for content in contents for block in content if block["type"] == kind]


@pytest.fixture
def lamps(tmp_path: Path) -> Generator[Gateway]:
    """A gateway to a model that reads `lamp.txt` before it answers."""
    lamp = tmp_path / "work" / "lamp.txt"
    lamp.parent.mkdir()
    lamp.write_text("The lamp costs 79 euro and is green.\n", encoding="utf-8")

    def script(messages: Sequence[dict[str, object]]) -> str:
        return ANSWER if "79 euro" in str(messages[-1]["content"]) else call("read_file", file_path=str(lamp))

    engine = PacedEngine(script)
    with serve(tmp_path / "platform", script, engine=engine) as platform:
        yield Gateway(platform, engine)


@pytest.mark.parametrize("speaks", ["openai", "openai-responses", "anthropic"])
def test_qwen_code_calls_its_tool_and_answers_from_the_result(
    lamps: Gateway, qwen_code: QwenCode, tmp_path: Path, speaks: str
) -> None:
    key = lamps.key()
    messages = qwen_code.ask(
        QUESTION, url=lamps.platform.settings.url, key=key.secret, model=MODEL, speaks=speaks, folder=tmp_path
    )
    (called,) = blocks(messages, "tool_use")
    assert (called["name"], Path(called["input"]["file_path"]).name) == ("read_file", "lamp.txt")
    (result,) = blocks(messages, "tool_result")
    assert "79 euro" in result["content"]
    end = messages[-1]
    assert (end["subtype"], end["result"]) == ("success", ANSWER)
    seen = lamps.settled()
    assert seen.events == 2
    assert {row.key_id for row in seen.latest} == {key.id}
    assert lamps.ledger() == (lamps.engine.told.prompt, lamps.engine.told.completion)

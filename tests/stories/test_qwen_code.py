"""A clerk's Qwen Code works on a file with the real model, through the gateway, with the clerk's key."""

from pathlib import Path
from typing import Any

from jindou.home import Home
from jindou_client import Client
from support.qwen_code import QwenCode
from support.server import MODEL, free_port, running


def test_qwen_code_reads_a_file_with_the_local_model_and_the_bill_has_every_token(
    tmp_path: Path, small_model: Path, models_dir: Path, qwen_code: QwenCode
) -> None:
    assert small_model.exists()
    lamp = tmp_path / "work" / "lamp.txt"
    lamp.parent.mkdir()
    lamp.write_text("The lamp costs 79 euro and is green.\n", encoding="utf-8")
    with running(tmp_path / "home", models_dir, free_port()) as server:
        with Client(server.url, Home(server.home).operator_key()) as operator:
            session = operator.sessions.open("clerk")
        with Client(server.url, session.token) as clerk:
            key = clerk.keys.create("qwen-code")
            messages = qwen_code.ask(
                f"Use the tool read_file to read {lamp}. What does the lamp cost?",
                url=server.url,
                key=key.secret,
                model=MODEL,
                speaks="openai",
                folder=tmp_path,
            )
            statement = clerk.usage.statement()
    contents = [message["message"]["content"] for message in messages if "message" in message]
    blocks: list[dict[str, Any]] = [block for content in contents for block in content]
    called = [block for block in blocks if block["type"] == "tool_use"]
    assert [(block["name"], block["input"]["file_path"]) for block in called] == [("read_file", str(lamp))]
    end = messages[-1]
    assert end["subtype"] == "success"
    assert "79" in end["result"]
    rows = [row for row in statement.latest if row.key_id == key.id]
    assert (
        sum(row.quantities.input_tokens + row.quantities.cached_tokens for row in rows)
        == (end["usage"]["input_tokens"])
    )
    assert sum(row.quantities.output_tokens for row in rows) == end["usage"]["output_tokens"]
    assert statement.unsettled == []

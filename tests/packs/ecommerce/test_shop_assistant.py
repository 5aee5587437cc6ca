from collections import Counter
from typing import Any

import jsonschema
import pytest
import yaml

from jindou.agents.tools import ToolError, Undo
from jindou.identity.principals import ADMINISTRATOR
from jindou.packs.contract import OpenPack
from jindou.packs.ecommerce import pack
from packs.ecommerce.shop_desk import Desk

_FOLDER = pack.folder / "assistants" / "after_sales"


def _read(name: str) -> Any:
    return yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8"))


_CASES: list[dict[str, Any]] = _read("evaluation.yaml")


def _of_assistants(opened: OpenPack) -> list[str]:
    """Return the tools but those that only the platform calls, to put back what the others did."""
    put_back = {tool.undo.tool for tool in opened.tools if isinstance(tool.undo, Undo)}
    return [tool.name for tool in opened.tools if tool.name not in put_back]


def test_the_evaluation_has_five_requests_for_each_tool_and_both_languages(opened: OpenPack) -> None:
    by_tool = Counter(case["call"]["name"] for case in _CASES)
    assert by_tool == dict.fromkeys(_of_assistants(opened), 5)
    languages = Counter(case["language"] for case in _CASES)
    assert min(languages["en"], languages["zh"]) >= 16
    for name in by_tool:
        assert {case["language"] for case in _CASES if case["call"]["name"] == name} == {"en", "zh"}
    assert len({case["id"] for case in _CASES}) == 40


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["id"])
def test_an_expected_call_fits_its_tool_and_names_what_the_request_says(desk: Desk, case: dict[str, Any]) -> None:
    tool = desk.tools[case["call"]["name"]]
    arguments: dict[str, Any] = case["call"]["arguments"]
    jsonschema.validate(arguments, tool.schema())
    for name, value in arguments.items():
        if name != "status" and value != "*":
            assert (f"{value}" in case["request"]) or (f"{value}0" in case["request"])
    desk.ask(tool.name, **arguments)


def test_the_requests_to_abstain_from_expect_no_call() -> None:
    cases = _read("abstain.yaml")
    assert len(cases) == 10
    assert all(case["call"] is None and case["request"] and case["language"] in {"en", "zh"} for case in cases)


def test_the_assistant_has_all_tools_and_three_examples_a_role_in_both_languages(opened: OpenPack) -> None:
    assistant = _read("assistant.yaml")
    assert assistant["slug"] == "after-sales"
    assert assistant["tools"] == _of_assistants(opened)
    assert Counter(example["role"] for example in assistant["examples"]) == {
        role: 3 for person in pack.people for role in person.roles if role != ADMINISTRATOR
    }
    assert all(set(example["text"]) == {"en", "zh"} for example in assistant["examples"])


def test_the_instructions_stay_short() -> None:
    assert len((_FOLDER / "instructions.md").read_text(encoding="utf-8").split()) < 110


def test_the_story_of_the_broken_lamp_can_be_told(desk: Desk) -> None:
    order = desk.ask("get_order", order_id="SO-10007").model_dump()
    assert order["status"] == "delivered"
    assert "lamp" in order["items"][0]["name"]
    within = desk.facts("refund_order", order_id="SO-10007", amount=25.5, reason="broken lamp")
    beyond = desk.facts("refund_order", order_id="SO-10007", amount=120, reason="broken lamp")
    assert int(within["refunded_total"]) <= 50_000_000 < int(beyond["refunded_total"])
    with pytest.raises(ToolError):
        desk.facts("refund_order", order_id="SO-10007", amount=1000, reason="broken lamp")

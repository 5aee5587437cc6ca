"""Cases are loaded, run and held against what was expected."""

from pathlib import Path

import pytest

from jindou.errors import Invalid
from jindou.models.evaluation import Case, ExpectedCall, evaluate, load_cases
from jindou.models.gateway import ToolSchema
from support.scripted import ScriptedEngine, call

TOOLS = [
    ToolSchema(
        "find",
        "Find.",
        {
            "type": "object",
            "properties": {
                "query": {"type": "string"},
                "amount": {"type": "number"},
                "status": {"type": "string", "default": "any"},
            },
        },
    )
]


def passed(expected: ExpectedCall | None, output: str) -> bool:
    case = Case(id="1", language="en", request="Please", call=expected)
    return evaluate(ScriptedEngine(lambda _: output), "", TOOLS, [case]).rate == 1.0


def test_text_is_compared_without_case_and_spaces_and_numbers_by_value() -> None:
    expected = ExpectedCall(name="find", arguments={"query": "Anna Müller", "amount": 25.50})
    assert passed(expected, call("find", query="anna müller ", amount=25.5))
    assert not passed(expected, call("find", query="Anna Müller", amount=25.51))
    assert not passed(expected, call("find", query="Anna", amount=25.5))


def test_a_star_is_any_text() -> None:
    expected = ExpectedCall(name="find", arguments={"query": "*"})
    assert passed(expected, call("find", query="whatever"))
    assert not passed(expected, call("find", query=" "))


def test_arguments_that_are_not_named_must_be_absent_or_at_their_default() -> None:
    expected = ExpectedCall(name="find", arguments={"query": "a"})
    assert passed(expected, call("find", query="a", status="any"))
    assert not passed(expected, call("find", query="a", status="paid"))
    assert not passed(expected, call("find"))


def test_where_no_call_is_expected_an_answer_passes() -> None:
    assert passed(None, "You are welcome.")
    assert not passed(None, call("find", query="a"))


def test_a_failing_case_is_shown_with_what_was_done() -> None:
    case = Case(id="1", language="en", request="Please", call=None)
    report = evaluate(ScriptedEngine(lambda _: call("find", query="a")), "", TOOLS, [case])
    assert report.rate == 0.0
    assert report.failing[0].calls == [ExpectedCall(name="find", arguments={"query": "a"})]


def test_a_file_that_holds_no_cases_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text("- {id: 1}", encoding="utf-8")
    with pytest.raises(Invalid, match=r"cases\.yaml"):
        load_cases(tmp_path / "cases.yaml")

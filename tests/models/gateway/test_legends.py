"""What a parameter's description says of its values."""

from typing import Any

import pytest

from jindou.models.gateway.legends import meaning_of
from jindou.models.gateway.telling import Told
from jindou.models.gateway.wording import share_said, without_made_up

SERVICE = {
    "type": "integer",
    "description": "1 represents the cleaning service, 2 represents the ironing service.",
    "enum": [1, 2],
}
KIDS = {
    "type": "string",
    "description": "Options are 'True' for child-friendly places, 'False' for places not so, and 'dontcare' for any.",
    "enum": ["True", "False", "dontcare"],
}


def said(text: str) -> Told:
    return Told([{"role": "user", "content": text}])


def _of(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": ["id"]}


def test_a_legend_says_what_a_code_means() -> None:
    assert meaning_of("2", SERVICE) == {"iron"}
    assert meaning_of("1", SERVICE) == {"clean"}
    assert meaning_of("3", SERVICE) == set()


@pytest.mark.parametrize(
    "schema", [{}, {"description": "How many."}, {"description": "The unit: 2 is a pair."}, {"enum": ["2", "3"]}]
)
def test_there_is_no_legend_where_no_two_values_are_explained(schema: dict[str, Any]) -> None:
    assert meaning_of("2", schema) == set()


@pytest.mark.parametrize(
    "told", ["1 表示保洁，2 表示熨烫。", "1：保洁；2：熨烫", "1: cleaning 保洁\n2: ironing 熨烫", "保洁为1、熨烫为2"]
)
def test_a_legend_may_be_in_chinese_and_over_several_lines(told: str) -> None:
    schema = {"type": "integer", "description": told}
    assert {"熨", "烫"} <= meaning_of("2", schema)
    assert share_said({"id": 2}, "谁可以熨烫？", _of(id=schema)) == 1.0


def test_hundreds_of_options_are_in_no_legend() -> None:
    schema = {"description": "1 is cleaning, 2 is ironing", "enum": [str(n) for n in range(1000)]}
    assert meaning_of("2", schema) == set()


def test_a_number_with_a_fraction_does_not_end_a_clause() -> None:
    assert meaning_of("1.5", {"description": "1.5 is standard, 2.5 is express"}) == {"standard"}


def test_a_code_is_said_by_what_it_means() -> None:
    assert share_said({"id": 2}, "Who can do my ironing?", _of(id=SERVICE)) == 1.0
    assert share_said({"id": 2}, "Who can do my laundry?", _of(id=SERVICE)) == 0.0


def test_a_code_may_be_said_in_another_language() -> None:
    assert share_said({"id": 2}, "谁可以帮我熨衣服？", _of(id=SERVICE)) is None
    assert share_said({"city": "Shanghai", "id": 7}, "上海7号店", _of(id={"type": "integer"})) == 1.0


def test_a_number_that_nothing_explains_is_said_in_any_language_or_not_at_all() -> None:
    assert share_said({"id": 8}, "上海7号店", _of(id={"type": "integer"})) == 0.0


def test_a_default_says_nothing_however_deep() -> None:
    mode = {"type": "string", "default": "MID"}
    body = {"type": "object", "properties": {"wind": mode, "mode": {"type": "string"}}}
    assert share_said({"body": {"wind": "MID", "mode": "COOL"}}, "Cool, please", _of(body=body)) == 1.0
    assert share_said({"rooms": [{"wind": "MID"}]}, "x", _of(rooms={"items": body})) is None


def test_an_optional_text_stays_whose_meaning_was_spoken_of() -> None:
    kept = {"id": "3", "kids": "True"}
    assert without_made_up(kept, _of(kids=KIDS), said("Somewhere for my children")) == kept
    assert without_made_up(kept, _of(kids=KIDS), said("Somewhere for my dog")) == {"id": "3"}


@pytest.mark.parametrize(
    "odd", [{"properties": None}, {"properties": {"id": True}}, {"items": False}, {"properties": []}]
)
def test_an_odd_schema_explains_nothing(odd: dict[str, Any]) -> None:
    assert share_said({"id": [1, {"id": 2}]}, "1 and 2", odd) == 1.0

"""Slips are set right where the meaning is beyond doubt; everything else is named."""

from typing import Any

import pytest

from jindou.models.gateway.arguments import fit, problem
from jindou.models.gateway.copying import candidates, numbers_in, was_said
from jindou.models.gateway.wording import words_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "amount": {"type": "number"},
        "count": {"type": "integer"},
        "urgent": {"type": "boolean"},
        "status": {"enum": ["any", "paid"], "type": "string", "default": "any"},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"value": {"type": "string"}}}},
        "place": {"type": "object", "properties": {"at": {"type": "array", "items": {"type": "number"}}}},
    },
    "required": ["id"],
    "additionalProperties": False,
}
FITTED: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"amount": "25.50"}, {"amount": 25.5}),
    ({"amount": "¥1,250.00 元"}, {"amount": 1250.0}),
    ({"amount": "12"}, {"amount": 12}),
    ({"count": 3.0}, {"count": 3}),
    ({"count": "3"}, {"count": 3}),
    ({"urgent": "True"}, {"urgent": True}),
    ({"id": 10234}, {"id": "10234"}),
    ({"id": " SO-1 "}, {"id": " SO-1 "}),
    ({"id": "    return x\n"}, {"id": "    return x\n"}),
    ({"id": "a\n"}, {"id": "a\n"}),
    ({"amount": "USD 5"}, {"amount": 5}),
    ({"amount": "5 hours a day"}, {"amount": 5}),
    ({"amount": "7.5%"}, {"amount": 7.5}),
    ({"amount": "3 千克"}, {"amount": 3}),
    ({"amount": "50 kg"}, {"amount": 50}),
    ({"amount": "50 km/h"}, {"amount": 50}),
    ({"amount": "20 °C"}, {"amount": 20}),
    ({"amount": "$12.50 CAD"}, {"amount": 12.5}),
    ({"amount": "12.50€"}, {"amount": 12.5}),
    ({"amount": "CHF20"}, {"amount": 20}),
    ({"amount": "25 EUR per month"}, {"amount": 25}),
    ({"amount": "30天"}, {"amount": 30}),
    ({"amount": "3.14159265358979323846"}, {"amount": 3.14159265358979323846}),
    ({"count": "12345678901234567890"}, {"count": 12345678901234567890}),
    ({"status": "PAID"}, {"status": "paid"}),
    ({"status": "any"}, {}),
    ({"amount": None}, {}),
    ({"rows": [{"field": "age", "value": 25}]}, {"rows": [{"field": "age", "value": "25"}]}),
    ({"rows": [{"more": 25}, "25"]}, {"rows": [{"more": 25}, "25"]}),
    ({"place": {"at": ["48.85", 2]}}, {"place": {"at": [48.85, 2]}}),
]
NO_NUMBERS = [
    *("5 trillion", "3 lakh", "2 crore", "1.5 mln", "€3 million", "$3M", "1.5 k", "5千", "3 千", "三万", "3打"),
    *("2 and a half", "3 or four million", "5 hundred thousand", "3 quarters", "2 pairs", "3点半", "5分之一", "30多"),
    *("3rd", "5th", "12B", "7 PM", "7 p.m.", "7pm", "ORD 42", "room B-7", "USD-42", "5 x 3", "5.", "1" * 400 + ".5"),
]
WRONG: list[tuple[dict[str, object], str]] = [
    ({"id": "a", "amount": "25-30"}, "amount"),
    ({"id": "a", "amount": "a lot"}, "amount"),
    ({"id": "a", "count": 2.5}, "count"),
    ({"id": "a", "amount": "50k"}, "amount"),
    ({"id": "a", "amount": "3 million"}, "amount"),
    ({"id": "a", "amount": "2 dozen"}, "amount"),
    ({"id": "a", "amount": "3万"}, "amount"),
    ({"id": "a", "amount": "ORD-42"}, "amount"),
    ({"id": "a", "amount": "20 below zero"}, "amount"),
    ({"id": "a", "amount": "20 seven"}, "amount"),
    *[({"id": "a", "amount": text}, "amount") for text in NO_NUMBERS],
    ({"id": "a", "count": "1" * 5000}, "count"),
    ({"id": "a", "colour": "red"}, "colour"),
    ({"id": ["a"]}, "id"),
    ({}, "'id' is a required property"),
    ({"id": None}, "id"),
    ({"id": "a", "urgent": 1}, "urgent"),
]
ORDER = {"type": "string", "pattern": r"^(SO)?[-_ ]?\d{5}$", "x-copied": True}
AMOUNT = {"type": "number", "x-copied": True}
QUERY = {"type": "string", "x-copied": True}


@pytest.mark.parametrize(("given", "wanted"), FITTED)
def test_a_slip_is_set_right(given: dict[str, object], wanted: dict[str, object]) -> None:
    assert fit(given, SCHEMA, "") == wanted


def test_a_default_stays_that_was_asked_for() -> None:
    given: dict[str, object] = {"id": "a", "status": "any", "amount": None}
    assert fit(given, SCHEMA, "", words_of("Whatever the status is")) == {"id": "a", "status": "any"}
    assert fit(given, SCHEMA, "", words_of("Whatever it is")) == {"id": "a"}


LOOSE: list[dict[str, Any]] = [
    *({}, {"format": "markdown"}, {"format": "regex"}, {"pattern": r"^[\s\S]*$"}, {"pattern": r"^.+$"}),
    *({"pattern": "return"}, {"pattern": r"^[^x]*$"}, {"pattern": "^x|[a-z]$"}, {"pattern": r"^\S* ?$"}),
    {"enum": ["a"]},
]
TIGHT: list[dict[str, Any]] = [
    *({"format": "email"}, {"format": "uuid"}, {"x-copied": True}, {"description": "As YYYY-MM-DD."}),
    *({"pattern": r"^[a-z]+$"}, {"pattern": r"^(?:\w+|[\w.-]{3,})$"}, {"pattern": r"^\w+\.?$"}, {"enum": ["return"]}),
]


def test_white_space_around_a_text_goes_only_where_it_has_no_place() -> None:
    for loose in LOOSE:
        for text in ("    return x\n", " return", ", ", " "):
            schema = {"properties": {"text": {"type": "string", **loose}}}
            assert fit({"text": text}, schema, "") == {"text": text}, loose
    for tight in TIGHT:
        schema = {"properties": {"text": {"type": "string", **tight}}}
        assert fit({"text": "  return\n"}, schema, "return") == {"text": "return"}, tight


def test_what_is_to_be_taken_away_is_named() -> None:
    schema = {"properties": {"nickname": {"type": ["string", "null"]}, "title": {"type": "string"}}}
    given: dict[str, object] = {"nickname": None, "title": None}
    assert fit(given, schema, "", words_of("Remove the nickname and the title")) == {"nickname": None}
    assert fit(given, schema, "", words_of("Remove something")) == {}


def test_a_number_that_is_too_large_to_be_looked_at_is_told() -> None:
    assert problem({"n": 10**400}, {"properties": {"n": {"multipleOf": 0.5}}}, "") == "a number is too large"


@pytest.mark.parametrize(("given", "named"), WRONG)
def test_what_does_not_fit_is_named(given: dict[str, object], named: str) -> None:
    assert named in (problem(fit(given, SCHEMA, ""), SCHEMA, "") or "")


def test_a_copy_with_a_slip_is_taken_from_what_was_said() -> None:
    schema = {"properties": {"query": QUERY}, "required": ["query"]}
    said = "Do we have sofie.jansen@example.com?"
    assert fit({"query": "sofi.jansen@example.com"}, schema, said) == {"query": "sofie.jansen@example.com"}


def test_an_identifier_may_be_copied_in_small_letters() -> None:
    schema = {"type": "object", "properties": {"id": ORDER}}
    assert problem({"id": "so 10234"}, schema, "look at so 10234") is None
    assert "id" in (problem({"id": "so 102"}, schema, "look at so 102") or "")


def test_the_identifiers_that_were_said_can_be_listed() -> None:
    said = "订单SO-10007和 so 10234，电话13800138000，#10555"
    assert candidates(ORDER, said) == ["10555", "so 10234", "SO-10007"]


def test_the_amounts_that_were_said_can_be_listed_and_digits_of_identifiers_are_none() -> None:
    said = "SO-10007: refund 25.50, not 1,200. 再退三十五元"
    assert candidates(AMOUNT, said) == [35, 1200, 25.5]


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        (25.5, AMOUNT, True),
        (100, AMOUNT, False),
        ("broken lamps", QUERY, True),
        ("John Doe", QUERY, False),
        ("SO-10007", QUERY, True),
        ("SO-99999", QUERY, False),
        ("anything", {"type": "string"}, True),
    ],
)
def test_a_value_to_be_copied_must_have_been_said(value: object, schema: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - pytest fills it in
    assert was_said(value, schema, "Order SO-10007 had a broken lamp, refund 25.50") is expected


def test_a_day_of_a_date_gets_its_zero_where_the_schema_wants_one() -> None:
    date = {"type": "string", "description": "The day, as 'YYYY-MM-DD'."}
    schema = {"properties": {"on": date, "at": {"type": "string", "format": "date"}, "code": {"type": "string"}}}
    arguments = {"on": "2023-10-1", "at": "2023-1-11", "code": "2023-10-1"}
    assert fit(arguments, schema, "") == {"on": "2023-10-01", "at": "2023-01-11", "code": "2023-10-1"}


OTHERS: list[dict[str, Any]] = [
    {"additionalProperties": True},
    {"additionalProperties": False},
    {"patternProperties": {}},
    {"allOf": [{"properties": {"year": {}}}]},
]


@pytest.mark.parametrize("further", OTHERS)
def test_an_argument_that_the_schema_does_not_know_goes_unless_it_says_what_of_them(further: dict[str, Any]) -> None:
    schema: dict[str, Any] = {"properties": {"city": {"type": "string"}}}
    assert fit({"city": "Rome", "required": ["city"]}, schema, "") == {"city": "Rome"}
    assert fit({"city": "Rome", "year": 1}, schema | further, "") == {"city": "Rome", "year": 1}
    assert fit({"city": "Rome"}, {"type": "object"}, "") == {"city": "Rome"}
    said = {"city": "Rome", "max_price": 80}
    assert fit(said, schema, "Rome, at most 80") == said, "It is meant, by whatever name."
    assert fit({"year": 1}, schema | {"required": ["year"]}, "") == {"year": 1}
    unsaid: list[object] = [True, False, "", [], {}, -1, 5, "a", ["Paris"]]
    for value in unsaid:
        assert fit({"x": value}, schema, "Paris for 15 people") == {}
    assert fit({"x": "巴黎"}, schema, "去巴黎") == {"x": "巴黎"}


def test_an_option_is_as_the_schema_has_it_also_if_it_is_a_date() -> None:
    on = {"type": "string", "format": "date", "enum": ["2025-1-5"]}
    assert fit({"on": "2025-1-5"}, {"properties": {"on": on}}, "") == {"on": "2025-1-5"}


def test_numbers_in_chinese_are_spelled_or_listed_and_never_too_long() -> None:
    assert numbers_in("三十五元，二零元，" + "一" * 5000 + "元")[:2] == [35, 20]

from typing import Any

import pytest

from jindou.errors import Invalid
from jindou.models.completions.schemas import object_schema, plain_schema


def test_references_are_written_out_in_their_place() -> None:
    schema = {
        "type": "object",
        "properties": {"to": {"$ref": "#/$defs/Address"}, "any": True},
        "$defs": {
            "Address": {"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}},
            "City": {"enum": ["A"]},
        },
    }
    assert plain_schema(schema, "parameters") == {
        "type": "object",
        "properties": {"to": {"type": "object", "properties": {"city": {"enum": ["A"]}}}, "any": {}},
    }


def test_a_property_may_be_called_like_a_keyword() -> None:
    schema = {"type": "object", "properties": {"$ref": {"type": "string"}, "items": {"type": "string"}}}
    assert plain_schema(schema, "parameters") == schema


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def _doubling(levels: int) -> dict[str, Any]:
    defs = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": defs | {f"d{levels}": {"type": "string"}}}


def _repeated(times: int) -> dict[str, Any]:
    properties = {f"p{n}": {"$ref": "#/$defs/long"} for n in range(times)}
    return {"properties": properties, "$defs": {"long": {"type": "string", "description": "x" * 4096}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strange"},
        {"properties": {"a": {"$ref": "https://example.com/schema.json"}}},
        {"properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"properties": {"a": {"$ref": 1}}},
        {"properties": {"a": 1}},
        {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}},
        {"properties": {"a": {"pattern": "("}}},
        {"$dynamicRef": "#x"},
        {"required": "a"},
        {"properties": []},
        _deep(100),
        _doubling(30),
        _repeated(60),
        {"properties": {"a": {"$ref": "#"}}},
        {"patternProperties": {"^x": {}}},
    ],
    ids=lambda schema: str(schema)[:40],
)
def test_a_schema_that_can_not_be_used_is_refused_and_its_place_named(schema: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        plain_schema(schema, "tools[0].function.parameters")
    assert refused.value.field == "tools[0].function.parameters"


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    assert object_schema(None, "parameters") == {"type": "object", "properties": {}}
    with pytest.raises(Invalid):
        object_schema({"type": "string"}, "parameters")


def test_what_can_not_be_written_out_of_a_functions_arguments_may_be_anything() -> None:
    schema = {
        "$id": "https://example.com/tree",
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/Node"}, "whole": {"$ref": "#"}},
        "patternProperties": {"^x-": {"type": "string"}},
        "additionalProperties": False,
        "$defs": {"Node": {"type": "object", "properties": {"left": {"$ref": "#/$defs/Node"}}}},
    }
    assert object_schema(schema, "parameters") == {
        "type": "object",
        "properties": {"root": {"type": "object", "properties": {"left": {}}}, "whole": {}},
    }

"""Every operation of the OpenAPI document, with whatever a caller may think of: the answer is never a fault of ours."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from http_door import Door
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

TEXT = some.text(some.characters(codec=None), max_size=40)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-(10**25), 10**25) | some.floats(allow_nan=False) | TEXT,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
SCALARS = some.one_of(TEXT, some.integers(-(10**25), 10**25), some.sampled_from(["", "0", "-1", "1e9", "true", "%00"]))
FREQUENT = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def operations(door: Door) -> list[tuple[str, str, dict[str, Any]]]:
    document = door.client.get("/api/openapi.json").json()
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path != "/api/demo/reset"
    ]


def fields_of(door: Door, operation: dict[str, Any]) -> list[str]:
    """Return the names that a body of the operation may have, so that some of the noise is almost right."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = str(body.get("$ref", "")).rpartition("/")[2]
    schemas = door.client.get("/api/openapi.json").json()["components"]["schemas"]
    return list(schemas.get(name, {}).get("properties", {}))


@pytest.mark.parametrize("who", ["clerk", "manager", "operator"])
def test_no_operation_answers_any_input_with_a_fault(shared: Door, who: str) -> None:
    headers = shared.operator if who == "operator" else shared.as_(who)
    for method, path, operation in operations(shared):
        try_all(shared, headers, method.upper(), path, operation)


def try_all(door: Door, headers: dict[str, str], method: str, path: str, operation: dict[str, Any]) -> None:
    names = [of["name"] for of in operation.get("parameters", []) if of["in"] == "query"]
    fields = fields_of(door, operation)

    @FREQUENT
    @given(
        part=TEXT.filter(lambda text: "/" not in text and text not in {"", ".", ".."}),
        query=some.dictionaries(some.sampled_from([*names, "other"]), SCALARS, max_size=3),
        body=JSON | some.dictionaries(some.sampled_from([*fields, "other"]), JSON, max_size=4),
    )
    def meet(part: str, query: dict[str, Any], body: object) -> None:
        target = "/".join(_quoted(part) if of.startswith("{") else of for of in path.split("/"))
        asked = "&".join(f"{name}={_quoted(str(value))}" for name, value in query.items())
        answer = door.client.request(
            method,
            f"{target}?{asked}",
            headers=headers | {"Content-Type": "application/json"},
            content=json.dumps(body).encode() if fields else None,
        )
        assert answer.status_code < 500, (method, target, asked, body, answer.text)
        assert "Traceback" not in answer.text
        if answer.status_code >= 400:
            form = "application/json" if path.startswith("/v1/") else "application/problem+json"
            assert answer.headers["content-type"] == form

    meet()


def _quoted(text: str) -> str:
    return quote(text.encode(errors="surrogatepass"), safe="")

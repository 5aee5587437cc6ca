"""What the OpenAPI document says of `/v1`, made from the types by which the bodies are read."""

from typing import Any, Final

import msgspec

from jindou.surfaces.http.v1.app import MODEL_PATH, ROUTES, Route

__all__ = ["add_paths"]

_REF: Final = "#/components/schemas/V1{name}"
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "description": "What OpenAI's and Anthropic's errors have in common.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type"],
            "properties": {"message": {"type": "string"}, "type": {"type": "string"}},
        }
    },
}
_REFUSED: Final[dict[str, Any]] = {
    "description": "Refused",
    "content": {"application/json": {"schema": {"$ref": _REF.format(name="Error")}}},
}
_MODEL: Final = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}


def add_paths(document: dict[str, Any]) -> None:
    """Add every path of `/v1`, and what its bodies are made of, to an OpenAPI document."""
    bodies = [route.body for verbs in ROUTES.values() for route in verbs.values() if route.body is not None]
    schemas, parts = msgspec.json.schema_components(bodies, ref_template=_REF)
    of = dict(zip(bodies, schemas, strict=True))
    document.setdefault("components", {}).setdefault("schemas", {}).update(
        {f"V1{name}": schema for name, schema in parts.items()} | {"V1Error": _ERROR}
    )
    for path, verbs in ROUTES.items():
        shown = f"{path}{{name}}" if path == MODEL_PATH else path
        document["paths"][shown] = {
            verb.lower(): _operation(route, None if route.body is None else of[route.body], shown)
            for verb, route in verbs.items()
        }


def _operation(route: Route, body: dict[str, Any] | None, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": ["v1"],
        "summary": (route.create.__doc__ or "").partition("\n")[0],
        "responses": {"200": _done(route), "4XX": _REFUSED, "503": _REFUSED},
        "security": [{"key": list[str]()}],
    }
    if "{name}" in path:
        operation["parameters"] = [_MODEL]
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _done(route: Route) -> dict[str, Any]:
    """Return what an answer is: JSON, and events where a body may ask for a stream."""
    kinds = ["application/json"]
    if "stream" in getattr(route.body, "__struct_fields__", ()):
        kinds.append("text/event-stream")
    return {"description": "Done", "content": {kind: dict[str, object]() for kind in kinds}}

"""What the OpenAPI document says of `/v1`, made from the types by which the bodies are read."""

from typing import Any, Final

import msgspec

from jindou.surfaces.http.v1.app import MODEL_PATH, ROUTES, Route

__all__ = ["add_paths"]

_REF: Final = "#/components/schemas/V1{name}"
_MODEL: Final = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}


def add_paths(document: dict[str, Any]) -> None:
    """Add every path of `/v1`, and what its bodies are made of, to an OpenAPI document."""
    bodies = [route.body for verbs in ROUTES.values() for route in verbs.values() if route.body is not None]
    schemas, parts = msgspec.json.schema_components(bodies, ref_template=_REF)
    of = dict(zip(bodies, schemas, strict=True))
    document.setdefault("components", {}).setdefault("schemas", {}).update(
        {f"V1{name}": schema for name, schema in parts.items()}
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
        "responses": {"200": {"description": "Done"}, "4XX": {"description": "Refused"}},
        "security": [{"key": list[str]()}],
    }
    if "{name}" in path:
        operation["parameters"] = [_MODEL]
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation

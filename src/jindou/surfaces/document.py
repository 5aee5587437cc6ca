"""The OpenAPI document: what FastAPI makes of the JSON API, how a refusal looks there, and `/v1`."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI

from jindou.surfaces.http.v1.document import add_paths

__all__ = ["document"]

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Its `code` never changes; other members are the values in `detail`.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}
_REFUSED: Final[dict[str, Any]] = {
    "description": "Refused",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_UNTOLD: Final = ("HTTPValidationError", "ValidationError")
"""How FastAPI would refuse a body; here it is a problem like any other."""


def document(app: FastAPI) -> None:
    """Have the document of `app` tell of all that it answers."""
    make: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = make()
            _add_problems(made)
            add_paths(made)
        return app.openapi_schema or {}

    app.openapi = openapi


def _add_problems(made: dict[str, Any]) -> None:
    schemas = made["components"]["schemas"]
    for name in _UNTOLD:
        del schemas[name]
    schemas["Problem"] = _PROBLEM
    for methods in made["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"] |= {"4XX": _REFUSED, "503": _REFUSED}

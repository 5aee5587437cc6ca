"""Errors on `/v1`: the one table from a kind to the status, type and code that OpenAI's clients know."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from jindou.errors import (
    Cancelled,
    Conflict,
    Corrupt,
    Forbidden,
    Invalid,
    JindouError,
    Limited,
    NotFound,
    TooLarge,
    Unaffordable,
    Unauthenticated,
    Unavailable,
)

__all__ = ["OPENAI_ERRORS", "is_v1", "malformed", "openai_error", "openai_plain", "openai_response"]


@dataclass(frozen=True, slots=True)
class _Shape:
    status: int
    type: str


_REQUEST = "invalid_request_error"
_FAULT = "server_error"
_OURS = 500

OPENAI_ERRORS: Mapping[type[JindouError], _Shape] = {
    Invalid: _Shape(400, _REQUEST),
    Unauthenticated: _Shape(401, _REQUEST),
    Forbidden: _Shape(403, "permission_error"),
    NotFound: _Shape(404, _REQUEST),
    Conflict: _Shape(409, _REQUEST),
    TooLarge: _Shape(413, _REQUEST),
    Unaffordable: _Shape(402, "insufficient_quota"),
    Limited: _Shape(429, "rate_limit_error"),
    Unavailable: _Shape(503, _FAULT),
    Cancelled: _Shape(503, _FAULT),
    Corrupt: _Shape(500, _FAULT),
    JindouError: _Shape(500, _FAULT),
}

_CODES = {"context_overflow": (400, "context_length_exceeded"), "limited": (429, "rate_limit_exceeded")}
"""Errors that OpenAI has a code of its own for, which clients look at."""

_RULES = {"extra_forbidden": "unknown_parameter", "missing": "missing_required_parameter"}
_VALUE_ERROR = "Value error, "
_KIND = re.compile(r"(_type|_parsing)$")


def is_v1(path: str) -> bool:
    """Say whether a path is one that OpenAI's clients ask."""
    return path == "/v1" or path.startswith("/v1/")


def openai_error(error: Exception) -> tuple[int, dict[str, object]]:
    """Return the status and the body for an error; of one that is a fault of ours nothing is told."""
    if not isinstance(error, JindouError):
        told = "This is a fault of ours; the log of the server says more."
        return 500, _body(told, _FAULT, None, "internal_error")
    shape = next(OPENAI_ERRORS[kind] for kind in type(error).__mro__ if kind in OPENAI_ERRORS)
    status, code = _CODES.get(error.code, (shape.status, error.code))
    param = (error.field or None) if isinstance(error, Invalid) else None
    if isinstance(error, Invalid) and error.code == Invalid.code:
        code = error.rule if error.rule in _RULES.values() or error.rule == "invalid_type" else "invalid_value"
    return status, _body(error.message, shape.type, param, code)


def openai_response(error: Exception) -> Response:
    """Return the answer that tells an error."""
    status, body = openai_error(error)
    headers = {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, Limited) else {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(body), status, headers, media_type="application/json")


def openai_plain(status: int, title: str) -> Response:
    """Return the answer for what never came to a verb: no such path, or another method."""
    body = _body(f"{title}.", _REQUEST if status < _OURS else _FAULT, None, f"http_{status}")
    return Response(json.dumps(body), status, media_type="application/json")


def malformed(errors: Sequence[Mapping[str, Any]]) -> Invalid:
    """Return the error for what pydantic said of a body."""
    if not errors:
        return Invalid("The request can't be read.")
    first = errors[0]
    kind = str(first["type"])
    if kind == "json_invalid":
        return Invalid("The body is no JSON that can be parsed.", rule="invalid_json")
    field = _param(first["loc"])
    said = str(first["msg"]).removeprefix(_VALUE_ERROR)
    if kind == "extra_forbidden":
        return Invalid(f"Unrecognized request argument supplied: {field}", field=field, rule=_RULES[kind])
    if kind == "missing":
        return Invalid(f"Missing required parameter: '{field}'.", field=field, rule=_RULES[kind])
    rule = "invalid_type" if _KIND.search(kind) else "invalid_value"
    return Invalid(f"Invalid value for '{field or 'the body'}': {said}.", field=field, rule=rule)


def _param(loc: Sequence[object]) -> str:
    """Return ``messages[0].content`` for where pydantic found it."""
    path = ""
    for step in loc[1:] if loc and loc[0] == "body" else loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")[:200]


def _body(message: str, type_: str, param: str | None, code: str | None) -> dict[str, object]:
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}

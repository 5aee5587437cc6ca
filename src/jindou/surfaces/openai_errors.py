"""Errors on `/v1`: the one table from a kind to the status, type and code that OpenAI's clients know."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

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

__all__ = ["OPENAI_ERRORS", "is_v1", "openai_error", "openai_plain_body"]


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

_CODES = {
    "context_overflow": (400, "context_length_exceeded"),
    "limited": (429, "rate_limit_exceeded"),
    "rate_limited": (429, "rate_limit_exceeded"),
}
"""Errors that OpenAI has a code of its own for, which clients look at."""

_RULES = frozenset({"unknown_parameter", "missing_required_parameter", "invalid_type", "invalid_json"})
"""Rules that are codes of their own."""


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
        code = error.rule if error.rule in _RULES else "invalid_value"
    return status, _body(error.message, shape.type, param, code)


def openai_plain_body(status: int) -> dict[str, object]:
    """Return the body for what never came to a verb: no such path, or another method."""
    title = HTTPStatus(status).phrase
    return _body(f"{title}.", _REQUEST if status < _OURS else _FAULT, None, f"http_{status}")


def _body(message: str, type_: str, param: str | None, code: str | None) -> dict[str, object]:
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}

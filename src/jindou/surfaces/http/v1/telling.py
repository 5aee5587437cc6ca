"""What went wrong, in the shape and the words of each API; one table says the status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from jindou.billing.budgets import LimitState
from jindou.surfaces.http.v1.headers import anthropic_limit_headers, openai_limit_headers
from jindou.surfaces.openai_errors import openai_error, openai_plain_body

__all__ = ["ANTHROPIC_TYPES", "Dialect", "Told", "anthropic_error", "dialect_at", "told"]

ANTHROPIC_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}
"""What Anthropic's clients call a status; any other is an `api_error`."""

_OURS = 500


@dataclass(frozen=True, slots=True)
class Told:
    """An error in OpenAI's words."""

    status: int
    message: str
    type: str
    param: str | None
    code: str | None

    @property
    def is_ours(self) -> bool:
        """Say whether the client could not have done better."""
        return self.status >= _OURS


def told(error: Exception) -> Told:
    """Return what is told of an error."""
    status, body = openai_error(error)
    said = cast("dict[str, Any]", body["error"])
    return Told(status, said["message"], said["type"], said["param"], said["code"])


def anthropic_error(error: Exception) -> tuple[int, dict[str, object]]:
    """Return the status and the body for an error, in Anthropic's shape, which names no field but in its message."""
    said = told(error)
    return said.status, _anthropic_body(said.status, said.message)


def _anthropic_plain_body(status: int) -> dict[str, object]:
    return _anthropic_body(status, f"{HTTPStatus(status).phrase}.")


def _anthropic_body(status: int, message: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": ANTHROPIC_TYPES.get(status, "api_error"), "message": message}}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an API tells what went wrong: as a status and a body, or as a body for what never came to a verb.

    `id_header` names the request, and `limits` are the headers for what is left of limits at a time in seconds.
    """

    id_header: str
    error: Callable[[Exception], tuple[int, dict[str, object]]]
    plain_body: Callable[[int], dict[str, object]]
    limits: Callable[[tuple[LimitState, ...], float], dict[str, str]]


_OPENAI: Final = Dialect("x-request-id", openai_error, openai_plain_body, openai_limit_headers)
_ANTHROPIC: Final = Dialect("request-id", anthropic_error, _anthropic_plain_body, anthropic_limit_headers)
_MESSAGES: Final = "/v1/messages/"


def dialect_at(path: str) -> Dialect:
    """Return what the clients of a path read: Anthropic's on its messages, also where there is nothing."""
    return _ANTHROPIC if f"{path}/".startswith(_MESSAGES) else _OPENAI

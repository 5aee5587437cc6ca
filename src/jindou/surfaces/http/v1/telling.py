"""What went wrong, in the shape and the words of each API; one table says the status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from jindou.surfaces.openai_errors import openai_error

__all__ = ["ANTHROPIC_TYPES", "Told", "anthropic_error", "told"]

ANTHROPIC_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
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
    kind = ANTHROPIC_TYPES.get(said.status, "api_error")
    return said.status, {"type": "error", "error": {"type": kind, "message": said.message}}

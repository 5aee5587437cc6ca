"""What can go wrong, by kind. `str(error)` is one line that says what to do.

ClientError
├── Invalid            the request breaks a rule; `field` says where
├── Unauthenticated    no token, or one that has ended
├── Forbidden          a rule says no; `rules` names it
├── NotFound           no such thing, or none that this person may know of
├── Conflict           the thing is not in a state that allows this
├── TooLarge           more bytes than the server takes
├── Unaffordable       a budget would be overrun
├── Limited            too many requests; `retry_after` seconds
└── Unavailable        the server, or a part it needs, does not answer now
    └── Unreachable    nothing answers at that address
"""

from collections.abc import Mapping, Sequence
from typing import cast

__all__ = [
    "ClientError",
    "Conflict",
    "Forbidden",
    "Invalid",
    "Limited",
    "NotFound",
    "TooLarge",
    "Unaffordable",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "from_problem",
]


class ClientError(Exception):
    """The root. `status` is the HTTP status (0 where nothing answered), `code` the server's name for the error."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        field: str = "",
        rules: Sequence[str] = (),
        reasons: Mapping[str, str] | None = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.field = field
        self.rules = tuple(rules)
        self.reasons = dict(reasons or {})
        self.retry_after = retry_after


class Invalid(ClientError):
    """The request breaks a rule; `field` says where."""


class Unauthenticated(ClientError):
    """No token, or one that has ended."""


class Forbidden(ClientError):
    """A rule says no; `rules` names it, and `reasons` says by language what it says."""


class NotFound(ClientError):
    """No such thing, or none that this person may know of."""


class Conflict(ClientError):
    """The thing is not in a state that allows this."""


class TooLarge(ClientError):
    """More bytes than the server takes."""


class Unaffordable(ClientError):
    """A budget would be overrun."""


class Limited(ClientError):
    """Too many requests; try again after `retry_after` seconds."""


class Unavailable(ClientError):
    """The server, or a part it needs, does not answer now; trying again may help."""


class Unreachable(Unavailable):
    """Nothing answers at that address."""


_KINDS: Mapping[int, type[ClientError]] = {
    400: Invalid,
    401: Unauthenticated,
    402: Unaffordable,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: Invalid,
    429: Limited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def from_problem(status: int, problem: Mapping[str, object]) -> ClientError:
    """Return the error that an RFC 9457 problem of HTTP `status` tells."""
    rules = cast("list[object]", problem.get("rules") or [])
    reasons = cast("dict[object, object]", problem.get("reasons") or {})
    wait = problem.get("retry_after")
    return _KINDS.get(status, ClientError)(
        str(problem.get("detail") or problem.get("title") or f"The server answered {status}."),
        status=status,
        code=str(problem.get("code") or ""),
        field=str(problem.get("field") or ""),
        rules=[str(rule) for rule in rules],
        reasons={str(language): str(told) for language, told in reasons.items()},
        retry_after=float(wait) if isinstance(wait, int | float) else 0.0,
    )

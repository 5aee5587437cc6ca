"""What can go wrong, by kind.

A slice adds leaves (``class ApprovalExpired(Conflict)``); the doors translate kinds only, in one table
(`jindou.surfaces.problems`). A kind knows nothing of HTTP.

    JindouError
    ├── Invalid           the caller's input breaks a rule; `field` and `rule` say which
    ├── Unauthenticated   nobody is signed in, or the proof has expired
    ├── Forbidden         somebody is, but a rule says no; `rules` names it
    ├── NotFound          no such thing, or none that this caller may know of
    ├── Conflict          the thing is not in a state that allows this
    ├── TooLarge          more bytes, tokens or rows than a limit allows
    ├── Unaffordable      a budget would be overrun
    ├── Limited           too many requests; `retry_after` seconds
    ├── Unavailable       a part we need does not answer now; trying again may help
    ├── Cancelled         a person or a limit ended the work
    └── Corrupt           stored or fetched bytes are not what they must be
"""

from collections.abc import Mapping, Sequence

__all__ = [
    "Cancelled",
    "Conflict",
    "Corrupt",
    "Forbidden",
    "Invalid",
    "JindouError",
    "Limited",
    "NotFound",
    "TooLarge",
    "Unaffordable",
    "Unauthenticated",
    "Unavailable",
]


class JindouError(Exception):
    """The root. `str(error)` is one English line for the caller that says what to do.

    `params` are the plain values in the message, so that a door can say it in another language by `code`.
    """

    code = "error"

    def __init__(self, message: str, *, params: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.params: dict[str, object] = dict(params or {})


class Invalid(JindouError):
    """The caller's input breaks a rule."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", rule: str = "") -> None:
        super().__init__(message, params={"field": field, "rule": rule})
        self.field = field
        self.rule = rule


class Unauthenticated(JindouError):
    """Nobody is signed in, or the proof has expired."""

    code = "unauthenticated"


class Forbidden(JindouError):
    """A rule says no. `reasons` says by language what the rules say."""

    code = "forbidden"

    def __init__(self, message: str, *, rules: Sequence[str] = (), reasons: Mapping[str, str] | None = None) -> None:
        super().__init__(message, params={"rules": list(rules), **({"reasons": dict(reasons)} if reasons else {})})
        self.rules = tuple(rules)
        self.reasons = dict(reasons or {})


class NotFound(JindouError):
    """No such thing, or none that this caller may know of."""

    code = "not_found"


class Conflict(JindouError):
    """The thing is not in a state that allows this."""

    code = "conflict"


class TooLarge(JindouError):
    """More bytes, tokens or rows than a limit allows."""

    code = "too_large"


class Unaffordable(JindouError):
    """A budget would be overrun."""

    code = "unaffordable"


class Limited(JindouError):
    """Too many requests."""

    code = "limited"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, params={"retry_after": retry_after})
        self.retry_after = retry_after


class Unavailable(JindouError):
    """A part we need does not answer now; trying again may help."""

    code = "unavailable"


class Cancelled(JindouError):
    """A person or a limit ended the work."""

    code = "cancelled"


class Corrupt(JindouError):
    """Stored or fetched bytes are not what they must be."""

    code = "corrupt"

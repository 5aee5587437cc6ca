"""Errors to the wire: the one table from a kind to an HTTP status, a problem+json title and an exit code."""

from collections.abc import Mapping
from dataclasses import dataclass

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

__all__ = ["PROBLEMS", "Problem", "exit_code", "problem_json", "problem_of"]


@dataclass(frozen=True, slots=True)
class Problem:
    """How one kind of error looks from outside."""

    status: int
    title: str
    exit_code: int


PROBLEMS: Mapping[type[JindouError], Problem] = {
    Invalid: Problem(422, "The input breaks a rule", 2),
    Unauthenticated: Problem(401, "Sign in first", 4),
    Forbidden: Problem(403, "A rule says no", 5),
    NotFound: Problem(404, "There is no such thing", 6),
    Conflict: Problem(409, "Not in this state", 7),
    TooLarge: Problem(413, "Too large", 8),
    Unaffordable: Problem(402, "The budget does not allow it", 9),
    Limited: Problem(429, "Too many requests", 10),
    Unavailable: Problem(503, "Not available now", 3),
    Cancelled: Problem(409, "Cancelled", 11),
    Corrupt: Problem(500, "Damaged data", 12),
    JindouError: Problem(500, "Something went wrong", 1),
}


def problem_of(error: JindouError) -> Problem:
    """Return how an error looks: by the nearest kind that the table knows."""
    return next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)


def problem_json(error: JindouError) -> dict[str, object]:
    """Return the problem details of an error (RFC 9457), with its code and its values as further members."""
    problem = problem_of(error)
    return {
        "type": f"urn:jindou:{error.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": error.message,
        "code": error.code,
        **error.params,
    }


def exit_code(error: JindouError) -> int:
    """Return the exit code of a command that ended with `error`."""
    return problem_of(error).exit_code

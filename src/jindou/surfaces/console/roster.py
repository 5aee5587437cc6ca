"""What the pages of people, teams and service accounts share: what was typed, and what stands in its way."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.errors import Invalid, JindouError
from jindou.surfaces.problems import problem_of
from jindou.wording import field_of, told_of

__all__ = ["MOST", "NO_TROUBLE", "Trouble", "Typed", "trouble_of"]

MOST = 200
"""How many are listed at most: the others are searched for."""


class Typed(BaseModel):
    """What somebody typed and ticked of a person, a team or a service account."""

    model_config = ConfigDict(extra="ignore")

    handle: str = ""
    name: str = ""
    email: str = ""
    roles: list[str] = []
    members: str = ""

    def handles(self) -> list[str]:
        """Return the members that were typed with commas or blanks between."""
        return self.members.replace(",", " ").replace("，", " ").split()


class Trouble(NamedTuple):
    """What is wrong: by a name that a language may have words for, in words that it has otherwise, and the status."""

    name: str = ""
    words: str = ""
    status: int = 200


NO_TROUBLE = Trouble()


def trouble_of(error: JindouError | ValidationError) -> Trouble:
    """Return what an error says."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        words = told_of(first, field_of(first))
        return Trouble(str(first["loc"][0]), words, 422)
    named = error.field if isinstance(error, Invalid) and error.code == Invalid.code else error.code
    return Trouble(named, error.message, problem_of(error).status)

"""What the form of a search asks for."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from jindou.errors import Invalid
from jindou.wording import rule_of, told_of

__all__ = ["given_of", "search_of"]

SearchT = TypeVar("SearchT", bound=BaseModel)
_DAYS = ("since", "until")


def given_of(request: Request) -> dict[str, str]:
    """Return the fields of a form that are filled in."""
    return {name: value.strip() for name, value in request.query_params.items() if value.strip()}


def search_of(kind: type[SearchT], given: Mapping[str, str], **more: object) -> SearchT:
    """Return the search that the fields of a form are, and `more` that it does not say; a day begins in UTC.

    Raises:
        Invalid: a field can't be read.
    """
    plain: dict[str, object] = {name: value for name, value in given.items() if name in kind.model_fields}
    plain |= {name: f"{given[name]}T00:00:00Z" for name in _DAYS if name in given}
    try:
        return kind.model_validate({**plain, **more})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        raise Invalid(told_of(first, field), field=field, rule=rule_of(first)) from None

"""What is wrong with a value is said in plain words, whatever pydantic calls it."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from jindou.identity.sso import NewProvider
from jindou.models.catalogue import ModelEntry
from jindou.settings import Settings
from jindou.wording import field_of, rule_of, told_of


class Size(Enum):
    """How large."""

    SMALL = "small"


class Thing(BaseModel):
    """Something with a rule of its own."""

    model_config = ConfigDict(extra="forbid")

    name: str

    @field_validator("name")
    @classmethod
    def _is_short(cls, name: str) -> str:
        if len(name) > 3:
            raise ValueError("a name is short")
        return name


class Titled(BaseModel):
    """Something with values of several kinds, and an object whose keys are not any."""

    title: dict[Literal["en", "zh"], str] = {}
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | Literal[""] = ""
    facts: dict[str, bool | int | str] = {}
    whole: dict[str, int] = {}


def first(kind: Any, value: object) -> Any:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(kind).validate_python(value)
    return wrong.value.errors()[0]


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        (str, 5, "must be a text"),
        (int, "x", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (float, "x", "must be a number"),
        (Annotated[float, Field(allow_inf_nan=False)], float("nan"), "must be a finite number"),
        (bool, "perhaps", "must be true or false"),
        (datetime, "soon", "must be a time such as 2026-03-02T14:05:00Z"),
        (date, "soon", "must be a day such as 2026-03-02"),
        (AwareDatetime, "2026-03-02T14:05:00", "must say its time zone, as in 2026-03-02T14:05:00Z"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (Size, "large", "must be 'small'"),
        (Annotated[int, Field(ge=1)], 0, "must be 1 or more"),
        (Annotated[float, Field(ge=1.0)], 0.5, "must be 1 or more"),
        (Annotated[int, Field(le=9)], 10, "must be 9 or less"),
        (Annotated[int, Field(gt=1)], 1, "must be more than 1"),
        (Annotated[str, Field(max_length=2)], "abc", "must have at most 2 characters"),
        (Annotated[str, Field(min_length=1)], "", "must not be empty"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must have at most 1 entries"),
        (Annotated[list[int], Field(min_length=2)], [1], "must have at least 2 entries"),
        (Annotated[SecretStr, Field(max_length=2)], "abc", "must have at most 2 characters"),
        (Annotated[SecretStr, Field(min_length=2)], "a", "must have at least 2 characters"),
        (Annotated[dict[str, int], Field(max_length=1)], {"a": 1, "b": 2}, "must have at most 1 entries"),
        (Annotated[tuple[int, ...], Field(max_length=1)], [1, 2], "must have at most 1 entries"),
        (Annotated[set[int], Field(max_length=1)], [1, 2], "must have at most 1 entries"),
        (Annotated[frozenset[int], Field(max_length=1)], [1, 2], "must have at most 1 entries"),
        (list[int], 5, "must be a list"),
        (dict[str, int], 5, "must be an object"),
        (Thing, 5, "must be an object"),
        (Annotated[str, Field(pattern=r"^[^\x00]*$")], "\0", "must have no NUL character"),
        (
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")],
            "A",
            "must begin with a to z, and have only a to z, 0 to 9, _ or -, 40 characters at most",
        ),
        (
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")],
            "A",
            "must begin with a to z, and have only a to z, 0 to 9 or -",
        ),
        (Annotated[str, Field(pattern=r"^DR-\d+$")], "x", r"must be written as ^DR-\d+$ says"),
    ],
)
def test_a_rule_is_said_in_plain_words(kind: Any, value: object, rule: str) -> None:
    assert rule_of(first(kind, value)) == rule


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (Thing, {}, "`name` must be given."),
        (Thing, {"name": "a", "odd": 1}, "`odd` is not known here."),
        (Thing, {"name": "abcd"}, "`name`: a name is short."),
        (list[Thing], [{"name": 5}], "`0.name` must be a text."),
        (Thing, [], "The body must be an object."),
        (Titled, {"title": {"a": "x"}}, "The key `a` of `title` must be 'en' or 'zh'."),
        (dict[Literal["en"], str], {"a": "x"}, "The key `a` must be 'en'."),
        (Titled, {"sha256": "x"}, "`sha256` must be 64 hexadecimal digits."),
        (Titled, {"facts": {"a": []}}, "`facts.a` must be true or false."),
        (Titled, {"whole": {"a": "x"}}, "`whole.a` must be a whole number."),
    ],
)
def test_a_sentence_names_the_field(kind: Any, value: object, told: str) -> None:
    error = first(kind, value)
    assert told_of(error, field_of(error)) == told


@pytest.mark.parametrize(("kind", "field"), [(NewProvider, "scopes"), (Settings, "public_url"), (ModelEntry, "file")])
def test_the_form_of_a_field_that_people_write_is_said_in_words(kind: type[BaseModel], field: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        kind.model_validate({field: "NOT  SO"})
    (error,) = [error for error in wrong.value.errors() if error["loc"] == (field,)]
    assert "^" not in rule_of(dict(error))
    assert rule_of(dict(error)).startswith("must ")

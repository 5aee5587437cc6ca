"""What a tool is: a typed Python function, a risk class, the facts its policy needs, and a preview of its effect."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypedDict, Unpack, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import ErrorDetails

from jindou.cloud.secrets import Secret
from jindou.plain_json import is_plain
from jindou.wording import field_of, rule_of

__all__ = ["Call", "Change", "Facts", "Localized", "Risk", "Tool", "ToolError", "Undo", "tool"]


Risk = Literal["read", "write", "money"]
"""What a call can do: look, change something, or move money."""

Localized = Mapping[str, str]
"""A text an employee sees, by language: ``{"en": …, "zh": …}``."""

Facts = Mapping[str, int | bool | str]
"""What the policy may ask about a call. The platform fills it; money is in micro-units."""


class ToolError(Exception):
    """The tool can't do this, and the model should read why: `str(error)` is one plain English sentence."""


class Change(BaseModel):
    """One line of a preview: `label` goes from `before` to `after`, both already formatted for a person."""

    model_config = ConfigDict(frozen=True)

    label: dict[str, str]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Call:
    """What a tool knows of the call it serves.

    `key` names the effect: two calls with one key must have one effect. `may` asks the policy whether the person
    may do a further action of the tool's pack, such as ``see_customer``. `credential` is what the tool has asked for,
    there only while it runs.
    """

    key: str
    org_id: str
    person_id: str
    person_name: str
    now: datetime
    may: Callable[[str], bool]
    credential: Secret | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """How an effect is put back: by `tool`, another one of the pack, which need not be granted to any assistant.

    `arguments` makes that tool's arguments of those of the call and of its recorded result. It raises a `ToolError`
    where they don't say enough.
    """

    tool: str
    arguments: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the doorway sees it; make one with `tool`."""

    name: str
    description: str
    risk: Risk
    title: Localized
    arguments: type[BaseModel]
    run: Callable[..., BaseModel]
    facts: Callable[..., Facts] | None = None
    facts_type: Mapping[str, type] = field(default_factory=dict[str, type])
    preview: Callable[..., Sequence[Change]] | None = None
    undo: Undo | Localized | None = None
    records: Collection[str] = ()
    known: Callable[[Call], dict[str, object] | None] | None = None
    credential: str | None = None

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments, without titles, as a model should see it."""
        return _schema_of(self.arguments)

    def parse(self, arguments: Mapping[str, object]) -> BaseModel:
        """Validate `arguments`.

        Raises:
            ToolError: an argument is missing, unknown, of the wrong type or no text; the message names it.
        """
        if not is_plain(arguments):
            raise ToolError(f"Wrong arguments for {self.name}. A text has half a surrogate pair, or NUL.")
        try:
            return self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            told = "; ".join(f"`{field_of(e) or self.name}`: {_wrong(e)}" for e in error.errors())
            raise ToolError(f"Wrong arguments for {self.name}. {told}") from None


def _wrong(error: ErrorDetails) -> str:
    """Return what is wrong with an argument, in the words of whoever checks it."""
    if error["type"] == "extra_forbidden":
        return "there is no such argument"
    return rule_of(error)


class Further(TypedDict, total=False):
    """What need not be said of a tool.

    `undo` says how its effect is put back or, as a text, why it can't be. `records` names the fields of the result
    that are the company's own record, and not words of somebody outside. `known` takes the call alone and returns its
    result if its effect has happened, without making it happen. `credential` names the secret of the vault that it
    needs, which it finds in `Call.credential`.
    """

    undo: Undo | Localized
    records: Collection[str]
    known: Callable[[Call], dict[str, object] | None]
    credential: str


def tool(
    function: Callable[..., BaseModel],
    *,
    risk: Risk,
    title: Localized,
    facts: Callable[..., Facts] | None = None,
    facts_type: Mapping[str, type] | None = None,
    preview: Callable[..., Sequence[Change]] | None = None,
    **further: Unpack[Further],
) -> Tool:
    """Make a tool of `function(call, **arguments)`, whose signature is the schema and whose docstring the model reads.

    `facts` and `preview` take the same arguments as `function`; `facts_type` gives the type of each fact. What
    else can be said of a tool is in `Further`.
    """
    hints = get_type_hints(function, include_extras=True)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in {"self", "call"}]
    fields: dict[str, Any] = {
        p.name: (hints[p.name], ... if p.default is inspect.Parameter.empty else p.default) for p in parameters
    }
    name = function.__name__
    arguments = create_model(f"{name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
    return Tool(
        name=name,
        description=" ".join((inspect.getdoc(function) or "").split("\n\n")[0].split()),
        risk=risk,
        title=title,
        arguments=arguments,
        run=function,
        facts=facts,
        facts_type=dict(facts_type or {}),
        preview=preview,
        **further,
    )


@cache
def _schema_of(arguments: type[BaseModel]) -> dict[str, Any]:
    return _without_titles(arguments.model_json_schema())


def _without_titles(schema: Any) -> Any:
    match schema:
        case dict():
            members = cast("dict[str, Any]", schema).items()
            return {name: _without_titles(v) for name, v in members if not (name == "title" and isinstance(v, str))}
        case list():
            return [_without_titles(item) for item in cast("list[Any]", schema)]
        case _:
            return schema

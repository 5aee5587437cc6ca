"""Filters (RFC 7644, section 3.4.2.2): comparisons joined by ``and``."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from jindou.identity.directory import Condition
from jindou.surfaces.http.scim.problems import ScimInvalid

__all__ = ["GROUP_FIELDS", "USER_FIELDS", "Comparison", "comparisons", "conditions"]

USER_FIELDS: Mapping[str, str] = {
    "id": "id",
    "username": "handle",
    "externalid": "external_id",
    "displayname": "name",
    "name.formatted": "name",
    "emails": "email",
    "emails.value": "email",
    "active": "active",
    "meta.created": "created_at",
    "meta.lastmodified": "updated_at",
}
"""What a filter on users may name, in lower case, and what the directory calls it."""

GROUP_FIELDS: Mapping[str, str] = {
    "id": "id",
    "displayname": "name",
    "externalid": "external_id",
    "members": "member",
    "members.value": "member",
    "meta.created": "created_at",
    "meta.lastmodified": "updated_at",
}
"""What a filter on groups may name."""

_COMPARISON = re.compile(
    r"""\s*(?P<name>[A-Za-z][\w.:$-]*)\s+
    (?:(?P<pr>pr)\b|(?P<op>eq|ne|co|sw|ew|gt|ge|lt|le)\s+(?P<value>"(?:[^"\\]|\\.)*"|[^\s"()\[\]]+))\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_AND = re.compile(r"and\s", re.IGNORECASE)
_TIMES = frozenset({"created_at", "updated_at"})
_ORDERS = frozenset({"gt", "ge", "lt", "le"})
_CORE = "urn:ietf:params:scim:schemas:core:2.0:"


class Comparison(NamedTuple):
    """A name in lower case, an operator, and the value it is compared with."""

    name: str
    operator: Any
    value: Any


def comparisons(text: str) -> list[Comparison]:
    """Return the comparisons of a filter, all of which must hold.

    Raises:
        ScimInvalid: it is none, or joins them otherwise than by ``and``.
    """
    found: list[Comparison] = []
    at = 0
    while True:
        match = _COMPARISON.match(text, at)
        if match is None:
            told = f"The filter can't be read at {text[at : at + 40]!r}: comparisons joined by `and` are taken."
            raise ScimInvalid(told, "invalidFilter")
        found.append(Comparison(_plain(match["name"]), (match["pr"] or match["op"]).lower(), _value(match["value"])))
        at = match.end()
        if at == len(text):
            return found
        joint = _AND.match(text, at)
        at = joint.end() if joint else at
        if joint is None:
            raise ScimInvalid(f"Comparisons are joined by `and`, not by {text[at : at + 40]!r}.", "invalidFilter")


def conditions(text: str, fields: Mapping[str, str]) -> list[Condition]:
    """Return a filter as the directory takes it.

    Raises:
        ScimInvalid: it names what can't be searched, or compares it with what it can't be.
    """
    found: list[Condition] = []
    for one in comparisons(text):
        field = fields.get(one.name)
        if field is None:
            raise ScimInvalid(f"Nobody is found by {one.name!r}.", "invalidFilter")
        found.append(Condition(field, one.operator, _fitting(field, one)))
    return found


def _fitting(field: str, one: Comparison) -> Any:
    if one.operator == "pr":
        return None
    if field == "active":
        if not isinstance(one.value, bool) or one.operator not in {"eq", "ne"}:
            raise ScimInvalid("`active` is compared by eq or ne with true or false.", "invalidFilter")
        return one.value
    if not isinstance(one.value, str) or (field == "member" and one.operator != "eq"):
        raise ScimInvalid(f"{one.name!r} is not compared like that.", "invalidFilter")
    if field not in _TIMES:
        return one.value
    try:
        at = datetime.fromisoformat(one.value)
    except ValueError:
        raise ScimInvalid(f"{one.value!r} is no time.", "invalidFilter") from None
    if one.operator not in _ORDERS | {"eq", "ne"}:
        raise ScimInvalid("A time is compared by eq, ne, gt, ge, lt or le.", "invalidFilter")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _plain(name: str) -> str:
    """Return a name in lower case, without the schema that may stand before it."""
    return name.rpartition(":")[2].lower() if name.startswith(_CORE) else name.lower()


def _value(text: str | None) -> Any:
    if text is None:
        return None
    try:
        value = json.loads(text if text.startswith('"') else text.lower())
    except ValueError:
        raise ScimInvalid(f"{text!r} is no value; a text stands in quotes.", "invalidFilter") from None
    if isinstance(value, str) and "\x00" in value:
        raise ScimInvalid("A value has no NUL.", "invalidFilter")
    return value

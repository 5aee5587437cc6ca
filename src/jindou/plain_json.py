"""JSON that somebody else has made: which texts nobody can keep, and which would pose as another turn."""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

__all__ = ["is_plain", "unmarked"]

_NO_TEXT: Final = re.compile("[\\0\ud800-\udfff]")


def is_plain(value: object) -> bool:
    """Say whether no text of a JSON value, the names of members among them, has NUL or half a surrogate pair."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str) and _NO_TEXT.search(one):
            return False
        if isinstance(one, Mapping):
            members = cast("Mapping[str, object]", one)
            left += [*members, *members.values()]
        elif isinstance(one, list):
            left += cast("list[object]", one)
    return True


def unmarked(value: Any) -> Any:
    """Return a JSON value with the markers of chat formats broken, so that no text can pose as another turn.

    The names of members are texts, too: a chat template writes those of a call's arguments.
    """
    if isinstance(value, str):
        return value.replace("<|", "< |")
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {unmarked(name): unmarked(inner) for name, inner in members.items()}
    if isinstance(value, list | tuple):
        return [unmarked(inner) for inner in cast("list[Any]", value)]
    return value

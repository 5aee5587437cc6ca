"""JSON that somebody else has made: what it may say in a text, and no UTF-8 or no database has."""

import re
from collections.abc import Mapping
from typing import Final, cast

__all__ = ["is_plain"]

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

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
        match left.pop():
            case str() as text if _NO_TEXT.search(text):
                return False
            case Mapping() as members:
                left += [*cast("Mapping[str, object]", members), *cast("Mapping[str, object]", members).values()]
            case list() as items:
                left += cast("list[object]", items)
            case _:
                pass
    return True

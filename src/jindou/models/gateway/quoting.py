"""Whether a value stands in a text, however it is written there."""

import re
import unicodedata

from jindou.models.gateway.copying import numbers_in

__all__ = ["stands_in"]

_SEPARATORS = re.compile(r"[\W_]+")
_SHORTEST = 2
"""A text of fewer signs stands in anything by chance."""


def stands_in(value: object, text: str) -> bool:
    """Say whether a text or a number can be read in `text`; of what has no words nobody knows."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return value in numbers_in(text)
    wanted = re.findall(r"[^\W_]+", _plain(str(value)))
    letters = "".join(wanted)
    if len(letters) < _SHORTEST or letters not in _SEPARATORS.sub("", _plain(text)):
        return False
    # Between its words anything may stand that is no word, and it is no part of a longer word or number.
    pattern = r"[\W_]*+".join(map(re.escape, wanted))
    return re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", _plain(text)) is not None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

"""How sure a model was of the calls that it wrote: of the function, and of the arguments."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

__all__ = ["Chances", "Token", "chances"]

Token = tuple[tuple[str, float], ...]
"""A token with the logarithm of its chance, and then the same of those that could have stood in its place."""

_NAME: Final = re.compile(r'"name"\s*:\s*"([^"]*)"\s*,\s*"arguments"\s*:\s*')
_LEAST: Final = -10.0
_LEAST_ARGUMENTS: Final = -1.0


class Chances(NamedTuple):
    """Logarithms: of a call's whole name, and of a token of its arguments; that is the mean.

    What is less likely than any choice that means something counts as the least.
    """

    name: float
    arguments: float


def chances(tokens: Sequence[Token]) -> dict[str, Chances]:
    """Return, by its name, how sure the model was of the first call of each tool; `tokens` are all that it wrote."""
    text = "".join(token[0][0] for token in tokens)
    found = list(_NAME.finditer(text))
    starts = list(accumulate((len(token[0][0]) for token in tokens), initial=0))

    def within(start: int, end: int) -> list[float]:
        return [token[0][1] for token in tokens[bisect_left(starts, start) : bisect_left(starts, end)]]

    sure: dict[str, Chances] = {}
    for at, name in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        if name[1] not in sure:
            sure[name[1]] = _chances(within(*name.span(1)), within(name.end(), end))
    return sure


def _chances(name: Sequence[float], arguments: Sequence[float]) -> Chances:
    return Chances(max(sum(name), _LEAST), max(sum(arguments) / max(len(arguments), 1), _LEAST_ARGUMENTS))

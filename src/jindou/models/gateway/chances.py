"""How sure a model was of the calls that it wrote: of the function, and of the arguments."""

import re
from collections.abc import Sequence
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
    sure: dict[str, Chances] = {}
    for at, name in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        sure.setdefault(name[1], _chances(tokens, name, end))
    return sure


def _chances(tokens: Sequence[Token], found: re.Match[str], end: int) -> Chances:
    name: list[float] = []
    arguments: list[float] = []
    at = 0
    for token in tokens:
        if found.start(1) <= at < found.end(1):
            name.append(token[0][1])
        elif found.end() <= at < end:
            arguments.append(token[0][1])
        at += len(token[0][0])
    return Chances(max(sum(name), _LEAST), max(sum(arguments) / max(len(arguments), 1), _LEAST_ARGUMENTS))

"""Many random cases. Case `n` of a seed is always the same, so that one can be tried again by itself."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from support.access.calls import ask_decision, make_run
from support.access.cases import Found, ask_question
from support.access.company import Company
from support.access.keyed import use_key

__all__ = ["Mix", "fuzz", "smallest"]

Mix = Mapping[str, int]
"""How often each door is taken, beside the others."""

_EVERY: Mix = {"decisions": 3000, "runs": 1200, "http": 4000, "page": 1000, "client": 400, "keys": 380, "command": 20}


def fuzz(company: Company, seed: int, numbers: Iterable[int], mix: Mix = _EVERY) -> Iterator[tuple[str, list[Found]]]:
    """Yield the door of each case, with what the door and the oracle disagree about."""
    for number in numbers:
        dice = random.Random(f"{seed}/{number}")  # noqa: S311 - what to try, no secret
        (door,) = dice.choices(list(mix), list(mix.values()))
        yield door, [replace(one, number=number) for one in _try(company, dice, door)]


def smallest(found: Iterable[Found]) -> list[tuple[Found, int]]:
    """Return of each kind of disagreement the one with the shortest case, and how many there are."""
    groups: dict[tuple[str, str, str], list[Found]] = {}
    for one in found:
        groups.setdefault((one.kind, one.door, one.what), []).append(one)
    return [(min(group, key=lambda one: len(one.case)), len(group)) for group in groups.values()]


def _try(company: Company, dice: random.Random, door: str) -> list[Found]:
    match door:
        case "decisions":
            return ask_decision(company, dice)
        case "runs":
            return make_run(company, dice)
        case "keys":
            return use_key(company, dice)
        case _:
            return ask_question(company, dice, door)

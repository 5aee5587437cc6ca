"""The text that Prometheus reads: families of samples, in version 0.0.4 of its exposition format."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["Buckets", "Family", "exposition"]

Kind = Literal["counter", "gauge", "histogram"]
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Buckets:
    """How often a value fell under each of `bounds`, which rise; and the sum. Whoever adds holds a lock."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count `value`."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Yield each sample's suffix, its label of its own, and its value."""
        seen = 0
        for bound, count in zip((*map(_number, self._bounds), "+Inf"), self._counts, strict=True):
            seen += count
            yield "_bucket", {"le": bound}, seen
        yield "_sum", {}, self._sum
        yield "_count", {}, seen


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name. The name of a counter ends in ``_total``; that of a time in ``_seconds``."""

    name: str
    about: str
    kind: Kind
    samples: list[tuple[str, Mapping[str, str], float]] = field(
        default_factory=list[tuple[str, Mapping[str, str], float]]
    )

    def add(self, value: float, **labels: str) -> None:
        """Put a sample in."""
        self.samples.append(("", labels, value))

    def add_buckets(self, buckets: Buckets, **labels: str) -> None:
        """Put the samples of a histogram in."""
        self.samples.extend((suffix, {**labels, **own}, value) for suffix, own, value in buckets.samples())


def exposition(families: Iterable[Family]) -> str:
    """Return the text for `families`, those without samples left out."""
    return "".join(line for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.about}\n# TYPE {family.name} {family.kind}\n"
    for suffix, labels, value in family.samples:
        told = ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels.items())
        yield f"{family.name}{suffix}{{{told}}} {_number(value)}\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)

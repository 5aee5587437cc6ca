"""Vectors of length 1."""

import sys
from array import array
from collections.abc import Iterable
from math import sqrt
from operator import mul

from jindou.models.embeddings.types import Vector

__all__ = ["from_bytes", "likeness", "shortened", "to_bytes", "unit"]


def unit(values: Iterable[float]) -> Vector:
    """Return the vector of this direction; of nothing but zeros, those."""
    vector = array("f", values)
    length = sqrt(sum(map(mul, vector, vector)))
    return array("f", (value / length for value in vector)) if length else vector


def shortened(vector: Vector, dimensions: int) -> Vector:
    """Return the first `dimensions` numbers, again of length 1."""
    return vector if len(vector) == dimensions else unit(vector[:dimensions])


def likeness(one: Vector, other: Vector) -> float:
    """Return the cosine of the angle between two vectors: 1 for the same direction."""
    return sum(map(mul, one, other))


def to_bytes(vector: Vector) -> bytes:
    """Return the numbers as OpenAI's ``base64`` packs them: four bytes each, the lowest first."""
    return _little_endian(vector).tobytes()


def from_bytes(packed: bytes) -> Vector:
    """Return the numbers that `to_bytes` packed.

    Raises:
        ValueError: the bytes are not whole numbers of four.
    """
    vector = array("f")
    vector.frombytes(packed)
    return _little_endian(vector)


def _little_endian(vector: Vector) -> Vector:
    if sys.byteorder == "little":
        return vector
    swapped = vector[:]
    swapped.byteswap()
    return swapped

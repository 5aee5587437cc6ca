"""What makes embeddings: the protocol, what it gives, and what can go wrong."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from jindou.errors import Forbidden, Invalid, TooLarge, Unavailable

__all__ = [
    "Count",
    "Embedded",
    "Embedder",
    "EmbedderUnavailable",
    "Kind",
    "ModelNotAllowed",
    "NoEmbeddings",
    "TextTooLong",
    "Vector",
    "uncounted",
]

Kind = Literal["query", "passage"]
"""What a text is: something that is looked for, or something that may be found. Models are told which."""

Count = Callable[[int], object]
"""Is told the tokens that a model has read, as soon as they are known."""

Vector: TypeAlias = "array[float]"
"""Of type ``f``, four bytes a number, and of length 1: the product of two is the cosine of their angle."""


class EmbedderUnavailable(Unavailable):
    """The embedding model of this machine is not there, or could not read a text."""

    code = "embedder_unavailable"


class TextTooLong(TooLarge):
    """A text has more tokens than the model reads; `at` is which, None if nobody says."""

    code = "context_overflow"

    def __init__(self, model: str, at: int | None, tokens: int, max_tokens: int) -> None:
        over = tokens - max_tokens
        text = "A text" if at is None else f"Text {at}"
        super().__init__(
            f"{text} has {tokens} tokens, {over} over the {max_tokens} that `{model}` reads: split it.",
            params={"at": at, "tokens": tokens, "max_tokens": max_tokens, "over": over},
        )


class NoEmbeddings(Invalid):
    """The model is served here, but it makes no embeddings."""

    code = "no_embeddings"


class ModelNotAllowed(Forbidden):
    """The model is served, but this key is not for it."""

    code = "model_not_allowed"


@dataclass(frozen=True, slots=True)
class Embedded:
    """One vector a text, in their order, and how many tokens the model read for all of them."""

    vectors: list[Vector]
    tokens: int


def uncounted(_: int) -> None:
    """Count nothing."""


class Embedder(Protocol):
    """A model that turns texts into vectors. Every method may be called from any thread, and waits."""

    @property
    def name(self) -> str:
        """What the model is called."""
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has; 0 while that is not known."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens a text may have, with what the model is told beside it; 0 while that is not known."""
        ...

    @property
    def shortens(self) -> bool:
        """Whether the first numbers of a vector are a good vector, too, once they have length 1."""
        ...

    def embed(self, texts: Sequence[str], kind: Kind = "passage", count: Count = uncounted) -> Embedded:
        """Return the vectors of `texts`. A model that is given them part by part has `count` told of each part.

        Raises:
            TextTooLong: a text does not fit; the message says by how much.
            EngineRefused: the model can't do this, whoever asks again.
            EmbedderUnavailable, EngineUnavailable, EngineLimited: the model does not answer now.
            EngineDied: it was asked, and does not answer; nobody knows what it used beside what `count` was told.
        """
        ...

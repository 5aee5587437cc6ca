"""What a completion is made of while it goes on."""

from dataclasses import dataclass

from jindou.models.engines import Usage

__all__ = ["CallPiece", "Done", "Failed", "ReasoningPiece", "TextPiece"]


@dataclass(frozen=True, slots=True)
class TextPiece:
    """The next piece of the answer."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ReasoningPiece:
    """The next piece of what the model thinks before it answers."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class CallPiece:
    """The next piece of a call: the first of each has `id` and `name`, later ones only more `arguments`."""

    at: int
    id: str
    name: str
    arguments: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """The end. The ledger has its row by now, with exactly this usage."""

    finish_reasons: tuple[str, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Failed:
    """The other end: what went wrong."""

    error: Exception

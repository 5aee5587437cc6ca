"""What a completion is made of while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from jindou.errors import Forbidden, NotFound
from jindou.models.engines import Usage

__all__ = [
    "CallsMade",
    "Done",
    "Event",
    "Failed",
    "FinishReason",
    "MadeCall",
    "ModelNotAllowed",
    "ModelNotFound",
    "ServedModel",
    "Tell",
    "TextPiece",
    "Ticket",
]

FinishReason = Literal["stop", "length", "tool_calls"]


class ModelNotFound(NotFound):
    """No model of that name is served here."""

    code = "model_not_found"


class ModelNotAllowed(Forbidden):
    """The model is served, but this key is not for it."""

    code = "model_not_allowed"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that can be asked, and since when."""

    name: str
    context_tokens: int
    since: datetime


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call of one of the client's functions; `arguments` is JSON text that fits its schema."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TextPiece:
    """The next piece of the answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class CallsMade:
    """All the calls of the completion."""

    calls: tuple[MadeCall, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The end. The ledger has its row by now, with exactly this usage."""

    finish_reason: FinishReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class Failed:
    """The other end: what went wrong."""

    error: Exception


Event = TextPiece | CallsMade | Done | Failed
"""A completion is any number of pieces, then at most one `CallsMade`, then `Done` or `Failed`."""

Tell = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A completion that has begun. `id` is its attempt in the ledger."""

    id: str
    model: str
    created: datetime

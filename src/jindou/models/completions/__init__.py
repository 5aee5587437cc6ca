"""Completions as other people's clients know them, each with a key and exactly metered."""

from jindou.models.completions.dispatch import Asked, Completions
from jindou.models.completions.presence import Presence
from jindou.models.completions.request import ChatRequest
from jindou.models.completions.types import (
    Begun,
    CallPiece,
    Done,
    Event,
    PassOn,
    ReasoningPiece,
    Tell,
    TextPiece,
)

__all__ = [
    "Asked",
    "Begun",
    "CallPiece",
    "ChatRequest",
    "Completions",
    "Done",
    "Event",
    "PassOn",
    "Presence",
    "ReasoningPiece",
    "Tell",
    "TextPiece",
]

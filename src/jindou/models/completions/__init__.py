"""Chat completions as OpenAI's clients know them, each with a key and exactly metered."""

from jindou.models.completions.dispatch import Completions
from jindou.models.completions.request import ChatRequest
from jindou.models.completions.types import (
    CallsMade,
    Done,
    Failed,
    MadeCall,
    ModelNotAllowed,
    ModelNotFound,
    ServedModel,
    TextPiece,
    Ticket,
)

__all__ = [
    "CallsMade",
    "ChatRequest",
    "Completions",
    "Done",
    "Failed",
    "MadeCall",
    "ModelNotAllowed",
    "ModelNotFound",
    "ServedModel",
    "TextPiece",
    "Ticket",
]

"""Engines: the protocol that all of them speak. Each comes in by its name, through `jindou.models.serving`."""

from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.engines.types import (
    CallChunk,
    Chunk,
    Engine,
    EngineConfig,
    EngineHealth,
    EngineRequest,
    FinalChunk,
    ReasoningChunk,
    TextChunk,
    Usage,
    WaitingChunk,
)

__all__ = [
    "CallChunk",
    "Chunk",
    "Engine",
    "EngineConfig",
    "EngineHealth",
    "EngineRequest",
    "FinalChunk",
    "LlamaCppEngine",
    "ReasoningChunk",
    "TextChunk",
    "Usage",
    "WaitingChunk",
]

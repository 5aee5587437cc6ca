"""Engines: the protocol that all of them speak. Each comes in by its name, through `jindou.models.serving`."""

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
)
from jindou.models.upstreams import EngineDied, EngineUnavailable

__all__ = [
    "CallChunk",
    "Chunk",
    "Engine",
    "EngineConfig",
    "EngineDied",
    "EngineHealth",
    "EngineRequest",
    "EngineUnavailable",
    "FinalChunk",
    "ReasoningChunk",
    "TextChunk",
    "Usage",
]

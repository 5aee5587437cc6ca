"""Engines: one protocol, and llama.cpp in a child process as the one that comes with us."""

from jindou.models.engines.failures import EngineDied, EngineUnavailable
from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.engines.registry import open_engine
from jindou.models.engines.types import (
    Chunk,
    Engine,
    EngineConfig,
    EngineHealth,
    EngineRequest,
    FinalChunk,
    TextChunk,
    Usage,
)

__all__ = [
    "Chunk",
    "Engine",
    "EngineConfig",
    "EngineDied",
    "EngineHealth",
    "EngineRequest",
    "EngineUnavailable",
    "FinalChunk",
    "LlamaCppEngine",
    "TextChunk",
    "Usage",
    "open_engine",
]

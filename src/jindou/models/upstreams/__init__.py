"""Servers that speak OpenAI's language: where they are, the way to them, and what their errors mean."""

from jindou.models.upstreams.answers import Answered, translated
from jindou.models.upstreams.client import Reply, Upstreams
from jindou.models.upstreams.connection import Waits
from jindou.models.upstreams.failures import (
    ContextOverflow,
    EngineDied,
    EngineLimited,
    EngineRefused,
    EngineUnavailable,
)
from jindou.models.upstreams.types import Endpoint, Upstream

__all__ = [
    "Answered",
    "ContextOverflow",
    "Endpoint",
    "EngineDied",
    "EngineLimited",
    "EngineRefused",
    "EngineUnavailable",
    "Reply",
    "Upstream",
    "Upstreams",
    "Waits",
    "translated",
]

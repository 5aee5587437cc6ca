"""Deployments as the server sends them."""

from typing import Literal

from pydantic import BaseModel

__all__ = ["Deployment", "EngineView", "Member"]


class Member(BaseModel):
    """One engine of a deployment: ``local``, or a name for the server at `url`."""

    engine: str = "local"
    model: str
    url: str = ""
    sku: str = ""
    weight: int = 1
    rank: int = 0
    native_tools: bool | None = None
    at_once: int = 32
    first_token_seconds: float = 300.0
    idle_seconds: float = 120.0


class Deployment(BaseModel):
    """A public model name, and the engines behind it. `is_standing` is one that the settings give to everybody."""

    name: str
    members: list[Member]
    context_tokens: int
    is_standing: bool


class EngineView(BaseModel):
    """How an engine is, seen from the server: its breaker, and what it has to do."""

    engine: str
    state: Literal["stopped", "starting", "ready", "restarting", "unreachable"]
    breaker: str
    under_way: int
    waiting: int
    rss_bytes: int | None
    restarts: int

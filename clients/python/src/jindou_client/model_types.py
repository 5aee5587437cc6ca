"""Models as the server sends them."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

__all__ = ["Fit", "Model", "ModelPriceShown", "Pull"]


class Fit(BaseModel):
    """Whether a model fits the machine, by the numbers, for `context_tokens` in each of `slots`."""

    verdict: Literal["fits", "tight", "too_large"]
    context_tokens: int
    slots: int
    weights_bytes: int
    cache_bytes: int
    memory_needed: int
    memory_free: int
    disk_needed: int
    disk_free: int
    most_context_tokens: int


class ModelPriceShown(BaseModel):
    """What a million tokens cost, in micro-units of the currency."""

    valid_from: date
    currency: str
    input: int
    cached: int
    output: int
    reasoning: int


class Model(BaseModel):
    """A model of the catalogue, as it stands on the server's machine."""

    name: str
    title: str
    kind: Literal["chat", "coder", "embedding", "reranker"]
    parameters: str
    active_parameters: str
    quantisation: str
    licence: str
    context_tokens: int
    bytes: int
    about: bool
    kv_bytes_per_token: int
    native_tools: bool
    reasoning: Literal["never", "switchable", "always"]
    dimensions: int
    state: Literal["here", "partial", "absent"]
    have_bytes: int
    sha256: str
    trust: Literal["pinned", "published", "own", "unknown"]
    sources: list[str]
    prices: list[ModelPriceShown]
    fit: Fit
    checked_on: date
    facts: str
    served: bool


class Pull(BaseModel):
    """A pull of one model; `error` says why it ended early."""

    model: str
    state: Literal["running", "done", "failed", "stopped"]
    source: str
    done_bytes: int
    total_bytes: int
    error: str
    started_at: datetime
    finished_at: datetime | None

"""Models as the doors show them."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from jindou.models.catalogue.fitting import Fit
from jindou.models.catalogue.types import Kind, Reasoning

__all__ = ["Model", "ModelPriceShown", "Pull", "PullState"]

ModelState = Literal["here", "partial", "absent"]
Trust = Literal["pinned", "published", "own", "unknown"]
PullState = Literal["running", "done", "failed", "stopped"]


class ModelPriceShown(BaseModel):
    """What a million tokens cost, in micro-units of the currency."""

    valid_from: date
    currency: str
    input: int
    cached: int
    output: int
    reasoning: int


class Model(BaseModel):
    """A model of the catalogue, as it stands on this machine.

    `trust` says where the sha256 comes from that its file must have: `pinned` in the catalogue; `published` by the hub
    it was pulled from and recorded then; `own`, a file that somebody added; `unknown`, until it is pulled. `bytes` is
    rounded where `about` is true.
    """

    name: str
    title: str
    kind: Kind
    parameters: str
    active_parameters: str
    quantisation: str
    licence: str
    context_tokens: int
    bytes: int
    about: bool
    kv_bytes_per_token: int
    native_tools: bool
    reasoning: Reasoning
    dimensions: int
    state: ModelState
    have_bytes: int
    sha256: str
    trust: Trust
    sources: list[str]
    prices: list[ModelPriceShown]
    fit: Fit
    checked_on: date
    facts: str
    served: bool

    @property
    def answers(self) -> bool:
        """Whether it writes answers, so that it can be served; others embed or rank texts."""
        return self.kind in {"chat", "coder"}


class Pull(BaseModel):
    """A pull of one model. `total_bytes` is what its source says, or the catalogue before it is asked."""

    model: str
    state: PullState
    source: str
    done_bytes: int
    total_bytes: int
    error: str
    started_at: datetime
    finished_at: datetime | None

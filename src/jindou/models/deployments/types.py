"""What a deployment is, how one is asked for, and what routing gives."""

from collections.abc import Mapping
from types import TracebackType
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jindou.errors import Limited, NotFound
from jindou.models.engines import Engine
from jindou.models.upstreams import Upstream

__all__ = ["Deployment", "DeploymentAsk", "Dialect", "EnginesBusy", "Member", "ModelName", "ModelNotFound", "Picked"]

Dialect = Literal["llamacpp", "openai"]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}$")]
_LOCAL = "local"


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
    first_token_seconds: float = Field(default=120.0, gt=0, le=3600)
    idle_seconds: float = Field(default=60.0, gt=0, le=3600)

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, as one of our children."""
        return self.engine == _LOCAL

    @property
    def engine_id(self) -> str:
        """What the engine is called in usage, in the status and in the audit trail."""
        return f"{self.engine}/{self.model}"

    @property
    def billed(self) -> str:
        """The SKU of its tokens."""
        return self.sku or f"model:{self.model}"

    @property
    def calls_natively(self) -> bool:
        """Whether its own answers have tool calls. Small local models only write something like them."""
        return not self.is_local if self.native_tools is None else self.native_tools

    @model_validator(mode="after")
    def _has_its_place(self) -> "Member":
        if self.is_local == bool(self.url):
            raise ValueError("an engine other than `local` has a `url`, and `local` has none")
        if self.url:
            Upstream.at(self.url)
        return self


class DeploymentAsk(BaseModel):
    """A new deployment, or what an old one is to be."""

    model_config = ConfigDict(extra="forbid")

    name: ModelName
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=32)]
    context_tokens: int = Field(default=8192, ge=512, le=10_000_000)


class Deployment(BaseModel):
    """A public model name, and the engines behind it. `is_standing` is one that the settings give to everybody."""

    model_config = ConfigDict(frozen=True)

    name: str
    members: tuple[Member, ...]
    context_tokens: int
    is_standing: bool = False

    @property
    def skus(self) -> tuple[str, ...]:
        """Every SKU that a request may be billed as."""
        return tuple(dict.fromkeys(member.billed for member in self.members))

    @property
    def native_tools(self) -> bool:
        """Whether all its engines make tool calls themselves."""
        return all(member.calls_natively for member in self.members)


class Picked(Protocol):
    """The engine that a request goes to. It counts as under way from `Deployments.pick` until it is left.

    ``with deployments.pick(org_id, name) as picked:``; every method may be called from any thread, and only those that
    say so wait. Tell it how it went, once: `succeeded` or `failed`.
    """

    engine_id: str
    sku: str
    model: str
    """What the engine itself calls the model."""
    dialect: Dialect
    native_tools: bool

    @property
    def upstream(self) -> Upstream | None:
        """Where the request can be sent right now; None while it has to wait: for loading, or for its turn."""
        ...

    @property
    def engine(self) -> Engine:
        """The same engine, to be asked from a thread. It waits by itself, so `wait_ready` is not needed."""
        ...

    def wait_ready(self, seconds: float) -> Upstream:
        """Wait for loading and for its turn, and return where the request can be sent. Call it in a thread.

        Raises:
            EngineUnavailable: it did not come up in time.
            EnginesBusy: its turn did not come in time.
        """
        ...

    def dress(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return the body of ``/chat/completions`` as this engine wants it: its name of the model, its own fields."""
        ...

    def succeeded(self) -> None:
        """Tell that the engine answered."""
        ...

    def failed(self, error: Exception) -> None:
        """Tell what went wrong; what is the caller's fault is not held against the engine."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

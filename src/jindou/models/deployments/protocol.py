"""Deployments as those above use them: this file goes when the service is there."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from jindou.models.deployments.types import Deployment, Picked
from jindou.models.engines import Engine

__all__ = ["Deployments", "prefix_of"]


class Deployments(Protocol):
    """Every deployment, and the engines behind them, seen from one process."""

    def list(self, org_id: str) -> Sequence[Deployment]:
        """Return the deployments of an organisation, by name. It is kept in memory, so this does not wait."""
        ...

    def get(self, org_id: str, name: str) -> Deployment:
        """Return a deployment.

        Raises:
            ModelNotFound: there is none of that name; the message says which there are.
        """
        ...

    def pick(self, org_id: str, name: str, prefix: int = 0, tried: Collection[str] = ()) -> Picked:
        """Choose an engine, not one of the `tried` ids. Does not wait.

        Requests with the same `prefix` (of `prefix_of`; 0 is none) go to the same engine, unless it is clearly busier.

        Raises:
            ModelNotFound: as `get` says.
            EnginesBusy: those that are left have as much to do as they may have.
            EngineUnavailable: none is left.
        """
        ...

    def engine(self, org_id: str, name: str) -> Engine:
        """Return the deployment as one engine: it falls back, and tries again only before the first token.

        Its `FinalChunk` says which engine answered, and by which SKU it is billed.
        """
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


def prefix_of(messages: Sequence[Mapping[str, object]], tools: Sequence[object] = ()) -> int:
    """Return a number for what a conversation begins with: its system messages and tools. 0 if it has neither."""

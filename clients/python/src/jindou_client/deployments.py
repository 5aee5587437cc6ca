"""Deployments: the models that there are, and the engines behind them."""

from collections.abc import Sequence
from urllib.parse import quote

from jindou_client.deployment_types import Deployment, EngineView, Member
from jindou_client.transport import Transport

__all__ = ["Deployments"]


class Deployments:
    """The organisation's deployments. Everybody may see them, managers may change them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[Deployment]:
        """Return every deployment, by name."""
        return self._transport.get(list[Deployment], "/api/deployments")

    def get(self, name: str) -> Deployment:
        """Return one deployment."""
        return self._transport.get(Deployment, _path(name))

    def engines(self) -> Sequence[EngineView]:
        """Return how each engine is, and what it has to do."""
        return self._transport.get(list[EngineView], "/api/deployments/engines")

    def create(self, name: str, members: Sequence[Member], *, context_tokens: int = 8192) -> Deployment:
        """Make a deployment.

        Raises:
            Conflict: there is one of that name.
        """
        return self._transport.post(Deployment, "/api/deployments", _body(name, members, context_tokens))

    def update(
        self, name: str, members: Sequence[Member], *, context_tokens: int | None = None, new_name: str | None = None
    ) -> Deployment:
        """Give a deployment other members, another context or another name; requests under way go on.

        Without `context_tokens` its context stays as it is.
        """
        context = self.get(name).context_tokens if context_tokens is None else context_tokens
        return self._transport.put(Deployment, _path(name), _body(new_name or name, members, context))

    def delete(self, name: str) -> None:
        """Take a deployment away; requests under way go on."""
        self._transport.delete(_path(name))

    def serve(self, model: str) -> Deployment:
        """Give everybody a model of the server's machine, which begins to load it."""
        return self._transport.post(Deployment, "/api/deployments/serving", {"model": model})

    def retire(self, model: str) -> None:
        """Take a model of the server's machine back, and end it."""
        self._transport.post(object, "/api/deployments/retirement", {"model": model})


def _path(name: str) -> str:
    return f"/api/deployments/{quote(name)}"


def _body(name: str, members: Sequence[Member], context_tokens: int) -> dict[str, object]:
    return {
        "name": name,
        "members": [member.model_dump(mode="json") for member in members],
        "context_tokens": context_tokens,
    }

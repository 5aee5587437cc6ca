"""Models: what the catalogue has, what of it is on the server's machine, and fetching it."""

from collections.abc import Sequence
from urllib.parse import quote

from jindou_client.transport import Transport
from jindou_client.types import Model, Pull

__all__ = ["Models"]


class Models:
    """The catalogue. Everybody may look; managers fetch and remove."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[Model]:
        """Return every model, the smallest first."""
        return self._transport.get(list[Model], "/api/models")

    def get(self, name: str, *, context_tokens: int = 0, slots: int = 0) -> Model:
        """Return one model; whether it fits is counted for a context and slots, else for those of the settings."""
        return self._transport.get(Model, _path(name), {"context_tokens": context_tokens, "slots": slots})

    def pull(self, name: str) -> Pull:
        """Begin to fetch a model, unless that is under way; `get_pull` says how far it is."""
        return self._transport.post(Pull, f"{_path(name)}/pull")

    def get_pull(self, name: str) -> Pull:
        """Return how far the last pull of a model is.

        Raises:
            NotFound: there was none since the server started.
        """
        return self._transport.get(Pull, f"{_path(name)}/pull")

    def stop_pull(self, name: str) -> None:
        """Stop a pull; what came is kept, and the next one goes on from there."""
        self._transport.delete(f"{_path(name)}/pull")

    def serve(self, name: str) -> Model:
        """Have the model answer under its name, until it is stopped."""
        return self._transport.post(Model, f"{_path(name)}/serving")

    def stop(self, name: str) -> None:
        """Have the model not answer any more; its file stays."""
        self._transport.delete(f"{_path(name)}/serving")

    def remove(self, name: str) -> None:
        """Remove a model's file, and its entry if somebody added it.

        Raises:
            Conflict: it is served, or being fetched.
        """
        self._transport.delete(_path(name))


def _path(name: str) -> str:
    return f"/api/models/{quote(name, safe='')}"

"""Organisations: the companies of an installation. All of it takes the local operator's key as the client's token."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Organisation

__all__ = ["Organisations"]


class Organisations:
    """The companies of the installation."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[Organisation]:
        """Return every organisation, the oldest first."""
        return self._transport.get(list[Organisation], "/api/organisations")

    def create(self, name: str, administrator: str, administrator_name: str) -> Organisation:
        """Add an organisation whose first administrator has that handle and that name.

        Raises:
            Conflict: an organisation has that name, or one that looks like it.
        """
        asked = {"name": name, "administrator": administrator, "administrator_name": administrator_name}
        return self._transport.post(Organisation, "/api/organisations", asked)

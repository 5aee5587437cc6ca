"""People, and who one is."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Person

__all__ = ["Principals"]


class Principals:
    """Who a token speaks for, and who else is there."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def me(self) -> Person:
        """Return whom one's token speaks for, with their roles."""
        return self._transport.get(Person, "/api/principals/me")

    def list(self) -> Sequence[Person]:
        """Return everybody of the organisation, oldest first."""
        return self._transport.get(list[Person], "/api/principals")

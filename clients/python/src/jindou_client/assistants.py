"""Assistants."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Assistant

__all__ = ["Assistants"]


class Assistants:
    """Who can be asked."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[Assistant]:
        """Return every assistant."""
        return self._transport.get(list[Assistant], "/api/assistants")

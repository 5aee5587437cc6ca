"""Webhooks: where one's organisation is told of its approvals, for administrators."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Webhook, WebhookSecret

__all__ = ["Webhooks"]

_PATH = "/api/webhooks"


class Webhooks:
    """The webhook of one's organisation."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[Webhook]:
        """Return where it is told: one address, or none."""
        return self._transport.get(list[Webhook], _PATH)

    def put(self, url: str) -> WebhookSecret:
        """Say where, and return the new secret that signs its messages.

        Raises:
            Invalid: it is no address to tell.
        """
        return self._transport.put(WebhookSecret, _PATH, {"url": url})

    def remove(self) -> None:
        """Have it told no more."""
        self._transport.delete(_PATH)

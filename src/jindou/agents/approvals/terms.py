"""What the operator sets for approvals."""

from dataclasses import dataclass
from datetime import timedelta

from jindou.agents.approvals.webhook import Webhook
from jindou.agents.webhooks import Destination, Sender, Webhooks
from jindou.durable.queue import Queue
from jindou.home import Home
from jindou.settings import Settings

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """How long one has to decide, what signs links and where they lead, and which other system is told."""

    time: timedelta
    url: str
    link_key: bytes
    webhook: Webhook
    webhook_links: bool

    @classmethod
    def read(cls, settings: Settings, home: Home, queue: Queue, own: Webhooks) -> "Terms":
        """Return the terms of an installation.

        Raises:
            Invalid: the webhook's address is none.
        """
        operator = None
        if settings.approval_webhook_url:
            destination = Destination(settings.approval_webhook_url, settings.approval_webhook_private)
            destination.check("approval_webhook_url")
            operator = Sender(destination, home.webhook_key())
        webhook = Webhook(queue, operator, own, settings.browser_url)
        time = timedelta(hours=settings.approval_hours)
        return cls(time, settings.browser_url, home.link_key(), webhook, settings.approval_webhook_links)

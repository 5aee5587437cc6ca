"""Webhooks: an organisation's own system is told of what happens."""

from jindou.agents.webhooks.posting import Destination, NotDelivered, post
from jindou.agents.webhooks.service import Sender, Webhooks
from jindou.agents.webhooks.types import NewWebhook, Webhook, WebhookSecret

__all__ = [
    "Destination",
    "NewWebhook",
    "NotDelivered",
    "Sender",
    "Webhook",
    "WebhookSecret",
    "Webhooks",
    "post",
]

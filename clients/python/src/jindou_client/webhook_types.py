"""Where an organisation is told of what happens."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["Webhook", "WebhookSecret"]


class Webhook(BaseModel):
    """Where an organisation is told, and who said so last."""

    url: str
    changed_by_name: str
    changed_at: datetime


class WebhookSecret(Webhook):
    """The same with the secret that signs its messages, as Standard Webhooks write it; shown this once."""

    secret: str

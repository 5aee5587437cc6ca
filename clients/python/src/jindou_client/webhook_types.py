"""Where an organisation is told of what happens."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["Webhook", "WebhookSecret"]


class Webhook(BaseModel):
    """Where an organisation is told, and who said so last.

    `delivered_at` is when it last took something. `failing_since` is there while it does not, with the last `error`;
    `waiting` messages wait for it, and the first is tried again at `next_try_at`.
    """

    url: str
    changed_by_name: str
    changed_at: datetime
    delivered_at: datetime | None = None
    failing_since: datetime | None = None
    error: str = ""
    waiting: int = 0
    next_try_at: datetime | None = None


class WebhookSecret(Webhook):
    """The same with the secret that signs its messages, as Standard Webhooks write it; shown this once."""

    secret: str

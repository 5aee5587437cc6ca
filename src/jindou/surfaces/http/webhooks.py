"""`/api/webhooks`: where the organisation is told of its approvals."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.agents.webhooks import NewWebhook, Webhook, WebhookSecret
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, recently_signed_in, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])
Who = Annotated[Principal, Depends(signed_in)]
Recent = Annotated[Principal, Depends(recently_signed_in)]


@router.get("")
def list_webhooks(request: Request, who: Who) -> list[Webhook]:
    """Return where the organisation is told: one address, or none."""
    with reading(request) as work:
        return platform_of(request).webhooks.list_webhooks(work, who)


@router.put("")
def put(request: Request, who: Recent, new: NewWebhook) -> WebhookSecret:
    """Say where; the new secret is shown this once."""
    return platform_of(request).webhooks.put(who, new)


@router.delete("", status_code=204)
def remove(request: Request, who: Recent) -> None:
    """Have the organisation told no more."""
    with writing(request) as work:
        platform_of(request).webhooks.remove(work, who)

"""Who asks: the person whose key the request carries. A session, or its cookie, opens nothing here."""

from typing import Annotated

from fastapi import Depends, Request

from jindou.identity.keys import KeyHolder, KeyRefused
from jindou.surfaces.door import bearer, platform_of

__all__ = ["Holder"]


def _holder(request: Request) -> KeyHolder:
    secret = bearer(request)
    if not secret:
        raise KeyRefused("No key: send `Authorization: Bearer jdk_…`. `jindou keys create` makes one.")
    platform = platform_of(request)
    with platform.database.reading(None) as work:
        return platform.keys.holder(work, secret)


Holder = Annotated[KeyHolder, Depends(_holder)]

"""What a gateway worker answers besides `/v1`: whether it is well."""

import json
from typing import Final

from starlette.types import Receive, Scope, Send

__all__ = ["alone"]

_WELL: Final = b'{"status": "ok"}'


async def alone(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - an ASGI application
    """Answer `/healthz`; nothing else is here."""
    if scope["type"] != "http":
        return
    is_there = scope["path"] == "/healthz"
    title = "The console and the API are at the address of `jindou up`; here is /v1."
    body = _WELL if is_there else json.dumps({"type": "about:blank", "title": title, "status": 404}).encode()
    kind = b"application/json" if is_there else b"application/problem+json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200 if is_there else 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})

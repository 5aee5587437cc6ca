"""What a gateway worker answers: `/v1`, and whether it is well."""

import json
from typing import Final

from jindou.assembly_gateway import Gateway
from jindou.surfaces.guard import Site
from jindou.surfaces.http.v1.app import V1
from jindou.surfaces.http.wire import Exchange
from jindou.surfaces.openai_errors import is_v1, openai_error

__all__ = ["Alone"]

_JSON: Final = {"content-type": "application/json"}
_PROBLEM: Final = {"content-type": "application/problem+json"}
_NOT_HERE: Final = "The console and the API are at the address of `jindou up`; here is /v1."


class Alone:
    """`/v1` without the console and the API, for whoever asks this machine at `port`, or a proxy at `public_url`."""

    def __init__(self, gateway: Gateway, port: int, public_url: str = "") -> None:
        self._site = Site(port, public_url)
        self._v1 = V1(gateway, self._site)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        if is_v1(exchange.path):
            await self._v1(exchange)
            return
        refusal = self._site.refusal(exchange.method, exchange.header)
        if refusal is not None:
            status, told = openai_error(refusal)
            await exchange.answer(status, _JSON, json.dumps(told).encode())
        elif exchange.path != "/healthz":
            await _problem(exchange, 404, _NOT_HERE)
        elif exchange.method not in {"GET", "HEAD"}:
            await _problem(exchange, 405, "Only GET and HEAD are answered here.", allow="GET, HEAD")
        else:
            await exchange.answer(200, _JSON, b'{"status": "ok"}')


async def _problem(exchange: Exchange, status: int, title: str, **headers: str) -> None:
    told = {"type": "about:blank", "title": title, "status": status}
    await exchange.answer(status, _PROBLEM | headers, json.dumps(told).encode())

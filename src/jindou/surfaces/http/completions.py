"""`/api/completions`: the models, asked by somebody who is signed in, on the very path of `/v1`."""

import asyncio
import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from jindou.assembly_gateway import Gateway
from jindou.errors import JindouError, Unauthenticated
from jindou.identity.keys import KeyHolder
from jindou.identity.principals import Principal
from jindou.surfaces.door import is_signed_in, platform_of, signed_in
from jindou.surfaces.http.v1.asgi import AsgiExchange
from jindou.surfaces.http.v1.call import Call
from jindou.surfaces.http.v1.chat import create as create_chat
from jindou.surfaces.openai_errors import openai_error
from jindou.surfaces.problems import problem_of
from jindou.telemetry import get_logger

__all__ = ["router"]

router = APIRouter(prefix="/api/completions", tags=["completions"])
Who = Annotated[Principal, Depends(signed_in)]

_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/V1ChatRequest"}}},
}
_DONE: Final[dict[str, Any]] = {"content": {"application/json": {}, "text/event-stream": {}}}
_ROUTE: Final = "playground"
_FAULT: Final = 500
_LOOK_SECONDS: Final = 2.0
"""How often it is looked whether who asked is still signed in."""
_log = get_logger(__name__)


@router.post("", response_class=Response, responses={200: _DONE}, openapi_extra={"requestBody": _BODY})
def create(request: Request, who: Who) -> Response:
    """Complete a conversation as `/v1/chat/completions` does, streamed or not; `usage` says what it cost, too."""
    platform = platform_of(request)
    return _Answer(request, platform.gateway, platform.keys.holder_of(who))


class _SignedIn(Call):
    """A call of somebody who has a session in place of a key."""

    tells_cost = True

    def __init__(self, exchange: AsgiExchange, gateway: Gateway, holder: KeyHolder) -> None:
        super().__init__(exchange, gateway)
        self._holder = holder

    @override
    async def holder(self) -> KeyHolder:
        return self._holder


class _Answer(Response):
    """Answers once it is sent. What fails before that is a problem, as everywhere here; later it is in the stream."""

    def __init__(self, request: Request, gateway: Gateway, holder: KeyHolder) -> None:
        super().__init__()
        self._request = request
        self._gateway = gateway
        self._holder = holder

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = AsgiExchange(scope, receive, send)
        call = _SignedIn(exchange, self._gateway, self._holder)
        begun = self._gateway.metrics.requests.begun(_ROUTE)
        watch = asyncio.create_task(_refuse_with_the_session(self._request, call))
        try:
            await create_chat(call)
        except Exception as error:
            if not call.has_begun:
                call.status = problem_of(error).status if isinstance(error, JindouError) else _FAULT
                raise
            await _break_off(call, error)
        finally:
            watch.cancel()
            exchange.close()
            call.count(_ROUTE, begun)


async def _refuse_with_the_session(request: Request, call: Call) -> None:
    """End the answer of somebody who signed out, or was deactivated."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if not await run_in_threadpool(is_signed_in, request):
            call.refuse(Unauthenticated("Your session has ended."))
            return


async def _break_off(call: Call, error: Exception) -> None:
    if not isinstance(error, JindouError):
        _log.error("unexpected error", exc_info=error, extra={"fields": {"path": call.path}})
    await call.end(b"data: " + json.dumps(openai_error(error)[1]).encode() + b"\n\n")

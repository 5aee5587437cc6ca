"""The verbs of `/v1`, whichever server a request comes by."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from jindou.assembly_gateway import Gateway
from jindou.billing.budgets import BudgetExceeded, RateLimited
from jindou.errors import JindouError, Limited, Unauthenticated
from jindou.models.completions import ChatRequest
from jindou.models.embeddings import EmbeddingRequest
from jindou.surfaces.guard import Site
from jindou.surfaces.http.v1 import chat, embeddings, messages, models, responses, text_completions
from jindou.surfaces.http.v1.call import Call
from jindou.surfaces.http.v1.messages_request import MessagesRequest
from jindou.surfaces.http.v1.responses_request import ResponsesRequest
from jindou.surfaces.http.wire import Exchange
from jindou.telemetry import get_logger

__all__ = ["V1", "Route"]

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """A verb of `/v1`. `body` is the type that a request's body is read as."""

    name: str
    create: Callable[[Call], Awaitable[None]]
    body: type | None = None


MODEL_PATH: Final = "/v1/models/"
"""What the path of one model begins with; its name, which may have slashes, follows."""

ROUTES: Final[dict[str, dict[str, Route]]] = {
    "/v1/chat/completions": {"POST": Route("chat", chat.create, ChatRequest)},
    "/v1/completions": {"POST": Route("completions", text_completions.create, text_completions.TextRequest)},
    "/v1/responses": {"POST": Route("responses", responses.create, ResponsesRequest)},
    "/v1/messages": {"POST": Route("messages", messages.create, MessagesRequest)},
    "/v1/embeddings": {"POST": Route("embeddings", embeddings.create, EmbeddingRequest)},
    "/v1/models": {"GET": Route("models", models.list_models)},
    MODEL_PATH: {"GET": Route("models", models.get)},
}


class V1:
    """Answers what is asked on `/v1` of this `site`."""

    def __init__(self, gateway: Gateway, site: Site) -> None:
        self._gateway = gateway
        self._site = site

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        call = Call(exchange, self._gateway)
        refusal = self._site.refusal(exchange.method, exchange.header)
        if refusal is not None:
            await _tell(call, refusal)
            return
        verbs = _verbs(call.path)
        route = verbs.get(call.method)
        if route is None:
            status = 405 if verbs else 404
            allowed = {"allow": ", ".join(verbs)} if verbs else {}
            await call.answer(status, json.dumps(call.dialect.plain_body(status)).encode(), allowed)
            return
        begun = self._gateway.metrics.requests.begun(route.name)
        try:
            await route.create(call)
        except Exception as error:  # noqa: BLE001 - the last place where it can be told
            await _tell(call, error)
        finally:
            call.count(route.name, begun)
            call.presence.forget()


def _verbs(path: str) -> dict[str, Route]:
    return ROUTES.get(path) or (ROUTES[MODEL_PATH] if path.startswith(MODEL_PATH) else {})


async def _tell(call: Call, error: Exception) -> None:
    if not isinstance(error, JindouError):
        _log.error("unexpected error", exc_info=error, extra={"fields": {"path": call.path, "request": call.id}})
    status, body = call.dialect.error(error)
    told = json.dumps(body).encode()
    if call.has_begun:
        await call.end(call.broken(error) if call.broken else b"data: " + told + b"\n\n")
        return
    await call.answer(status, told, _headers(call, error))


def _headers(call: Call, error: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, BudgetExceeded | RateLimited):
        headers |= call.dialect.limits((error.state,), call.gateway.clock.now().timestamp())
    if isinstance(error, Limited):
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return headers

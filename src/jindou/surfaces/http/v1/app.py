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
from jindou.surfaces.http.v1 import chat, embeddings, messages, models, responses, text_completions
from jindou.surfaces.http.v1.call import Call, limit_headers
from jindou.surfaces.http.v1.messages_request import MessagesRequest
from jindou.surfaces.http.v1.responses_request import ResponsesRequest
from jindou.surfaces.http.v1.telling import anthropic_error
from jindou.surfaces.http.wire import Exchange
from jindou.surfaces.openai_errors import openai_error, openai_plain_body
from jindou.telemetry import get_logger

__all__ = ["V1", "Route"]

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """A verb of `/v1`. `problem` says what an error looks like to its clients, as a status and a body.

    `body` is the type that a request's body is read as.
    """

    name: str
    create: Callable[[Call], Awaitable[None]]
    body: type | None = None
    problem: Callable[[Exception], tuple[int, dict[str, object]]] = openai_error


MODEL_PATH: Final = "/v1/models/"
"""What the path of one model begins with; its name, which may have slashes, follows."""

ROUTES: Final[dict[str, dict[str, Route]]] = {
    "/v1/chat/completions": {"POST": Route("chat", chat.create, ChatRequest)},
    "/v1/completions": {"POST": Route("completions", text_completions.create, text_completions.TextRequest)},
    "/v1/responses": {"POST": Route("responses", responses.create, ResponsesRequest)},
    "/v1/messages": {"POST": Route("messages", messages.create, MessagesRequest, anthropic_error)},
    "/v1/embeddings": {"POST": Route("embeddings", embeddings.create, EmbeddingRequest)},
    "/v1/models": {"GET": Route("models", models.list_models)},
    MODEL_PATH: {"GET": Route("models", models.get)},
}


class V1:
    """Answers what is asked on `/v1`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        call = Call(exchange, self._gateway)
        verbs = _verbs(call.path)
        route = verbs.get(call.method)
        if route is None:
            status = 405 if verbs else 404
            allowed = {"allow": ", ".join(verbs)} if verbs else {}
            await call.answer(status, json.dumps(openai_plain_body(status)).encode(), allowed)
            return
        call.problem = route.problem
        begun = self._gateway.metrics.requests.begun(route.name)
        try:
            await route.create(call)
        except Exception as error:  # noqa: BLE001 - the last place where it can be told
            await _tell(call, route, error)
        finally:
            call.count(route.name, begun)
            call.presence.forget()


def _verbs(path: str) -> dict[str, Route]:
    return ROUTES.get(path) or (ROUTES[MODEL_PATH] if path.startswith(MODEL_PATH) else {})


async def _tell(call: Call, route: Route, error: Exception) -> None:
    if not isinstance(error, JindouError):
        _log.error("unexpected error", exc_info=error, extra={"fields": {"path": call.path}})
    status, body = route.problem(error)
    told = json.dumps(body).encode()
    if call.has_begun:
        await call.end(call.broken(error) if call.broken else b"data: " + told + b"\n\n")
        return
    await call.answer(status, told, _headers(call, error))


def _headers(call: Call, error: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, BudgetExceeded | RateLimited):
        headers |= limit_headers((error.state,), now=call.gateway.clock.now().timestamp())
    if isinstance(error, Limited):
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return headers

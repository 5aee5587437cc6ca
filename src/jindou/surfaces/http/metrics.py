"""`/metrics`: the figures of this process, as Prometheus reads them, for the operator and for managers."""

from collections.abc import Iterator

from fastapi import APIRouter, Request
from starlette.responses import Response

from jindou.assembly import Platform
from jindou.errors import Forbidden
from jindou.identity.policy import Resource
from jindou.surfaces.door import platform_of, require_operator, signed_in
from jindou.surfaces.figures import TEXT, one, process_families
from jindou.telemetry import Family

__all__ = ["router"]

router = APIRouter(tags=["metrics"])


@router.get("/metrics", response_class=Response, include_in_schema=False)
def read(request: Request) -> Response:
    """Return the figures. Show the operator's key as a bearer token, or be signed in as a manager."""
    platform = platform_of(request)
    _require_reader(request, platform)
    families = (*process_families(), *_engines(platform), *_embeddings(platform), *_queue(platform))
    return Response(platform.gateway.metrics.text(families), media_type=TEXT)


def _require_reader(request: Request, platform: Platform) -> None:
    try:
        require_operator(request)
    except Forbidden:
        who = signed_in(request)
        platform.policy.require(who, "usage::read", Resource("Organisation", who.org_id), {})


def _engines(platform: Platform) -> Iterator[Family]:
    ready = Family("jindou_engine_ready", "Whether an engine answers requests.", "gauge")
    state = Family("jindou_engine_state", "What an engine does now.", "gauge")
    breaker = Family("jindou_engine_breaker", "Whether an engine is asked at all: its circuit breaker.", "gauge")
    busy = Family("jindou_engine_requests_under_way", "Requests that an engine works on.", "gauge")
    waiting = Family("jindou_engine_requests_waiting", "Requests that wait for their turn at an engine.", "gauge")
    restarts = Family("jindou_engine_restarts_total", "Times that an engine ended by itself.", "counter")
    memory = Family("jindou_engine_memory_bytes", "Memory of an engine's process.", "gauge")
    with platform.database.reading(None) as work:
        org_id = platform.principals.find_organisation(work)
    for engine in platform.deployments.look(org_id) if org_id else ():
        name = engine.engine
        ready.add(engine.state == "ready", engine=name)
        state.add(1, engine=name, state=engine.state)
        breaker.add(1, engine=name, state=engine.breaker)
        busy.add(engine.under_way, engine=name)
        waiting.add(engine.waiting, engine=name)
        restarts.add(engine.restarts, engine=name)
        if engine.rss_bytes is not None:
            memory.add(engine.rss_bytes, engine=name)
    yield from (ready, state, breaker, busy, waiting, restarts, memory)


def _embeddings(platform: Platform) -> Iterator[Family]:
    child = platform.gateway.embeddings.child
    if child is None:
        return
    yield one(
        Family("jindou_embeddings_ready", "Whether the local embedding model is loaded.", "gauge"),
        child.state == "ready",
    )
    yield one(
        Family("jindou_embeddings_restarts_total", "Times that the embedding model ended by itself.", "counter"),
        child.restarts,
    )
    memory = child.rss_bytes()
    if memory is not None:
        yield one(Family("jindou_embeddings_memory_bytes", "Memory of the embedding model.", "gauge"), memory)


def _queue(platform: Platform) -> Iterator[Family]:
    with platform.database.reading(None) as work:
        waiting = platform.queue.waiting(work, "run")
    depth = Family("jindou_queue_tasks", "Tasks in the queue, those that are worked on included.", "gauge")
    depth.add(waiting, kind="run")
    yield depth

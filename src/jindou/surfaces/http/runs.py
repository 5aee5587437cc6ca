"""`/api/runs`: start, find, watch, explain and control runs."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from jindou.agents.runs import FINAL, Explanation, Run, RunDetail, RunEvent, RunSearch, StartRun, UndoPlan
from jindou.errors import Unavailable
from jindou.identity.principals import Principal
from jindou.surfaces.door import MOST, is_signed_in, platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/runs", tags=["runs"])
Who = Annotated[Principal, Depends(signed_in)]
Told = RunEvent | str | None
"""An event, the id of a run that has more in the journal, or the end of what is told here."""

_KEEP_ALIVE_SECONDS = 15.0
_LOOK_SECONDS = 2.0
"""How often a stream looks whether its reader may still read it, and whether a database that was gone is back."""
_STILL_HERE = ": still here\n\n"

KEEPABLE = r"^[^\x00]*$"
"""Whole Unicode without NUL, which is what every database can keep."""


class Steering(BaseModel):
    """What a run is told."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(min_length=1, pattern=KEEPABLE)


class Retry(BaseModel):
    """`confirm` says that the person has looked whether a step of unknown outcome took effect."""

    model_config = ConfigDict(extra="forbid")

    confirm: bool = False


class Branch(BaseModel):
    """The last step that is shared, and what the new run is told; with step 0, instead of what was asked."""

    model_config = ConfigDict(extra="forbid")

    step: int = Field(ge=0, le=MOST)
    message: str | None = Field(default=None, min_length=1, pattern=KEEPABLE)


@router.post("", status_code=201)
def start(request: Request, who: Who, asked: StartRun) -> Run:
    """Ask an assistant to do something; follow the run by its events."""
    with writing(request) as work:
        return platform_of(request).runs.start(work, who, asked)


@router.get("")
def search(request: Request, who: Who, asked: Annotated[RunSearch, Query()]) -> list[Run]:
    """Return one's own runs that fit, the newest first; without a filter, all of them."""
    with reading(request) as work:
        return platform_of(request).runs.search(work, who, asked)


@router.get("/{run_id}")
def get(request: Request, who: Who, run_id: str) -> RunDetail:
    """Return a run with its journal."""
    with reading(request) as work:
        return platform_of(request).runs.get(work, who, run_id)


@router.post("/{run_id}/cancel")
def cancel(request: Request, who: Who, run_id: str) -> Run:
    """Ask a run to stop; it does within two seconds, also in the middle of a model call or of a tool."""
    with writing(request) as work:
        return platform_of(request).runs.control.cancel(work, who, run_id)


@router.post("/{run_id}/pause")
def pause(request: Request, who: Who, run_id: str) -> Run:
    """Have a run rest at its next step; a model call under way is broken off."""
    with writing(request) as work:
        return platform_of(request).runs.control.pause(work, who, run_id)


@router.post("/{run_id}/resume")
def resume(request: Request, who: Who, run_id: str) -> Run:
    """Have a paused run go on."""
    with writing(request) as work:
        return platform_of(request).runs.control.resume(work, who, run_id)


@router.post("/{run_id}/messages", status_code=201)
def steer(request: Request, who: Who, run_id: str, asked: Steering) -> Run:
    """Tell a run that is under way something; the model reads it before its next step."""
    with writing(request) as work:
        return platform_of(request).runs.control.steer(work, who, run_id, asked.message)


@router.post("/{run_id}/retry")
def retry(request: Request, who: Who, run_id: str, asked: Retry) -> Run:
    """Do the failed step of a failed run again; `confirm` where nobody knows whether it took effect."""
    with writing(request) as work:
        return platform_of(request).runs.control.retry(work, who, run_id, confirm=asked.confirm)


@router.post("/{run_id}/branches", status_code=201)
def branch(request: Request, who: Who, run_id: str, asked: Branch) -> Run:
    """Begin a run that shares this one's journal up to a step, in a conversation of its own."""
    with writing(request) as work:
        return platform_of(request).runs.branch(work, who, run_id, asked.step, asked.message)


@router.get("/{run_id}/explanation")
def explain(request: Request, who: Who, run_id: str) -> Explanation:
    """Say why a run is where it is, and what would move it on."""
    with reading(request) as work:
        return platform_of(request).runs.explain(work, who, run_id)


@router.get("/{run_id}/undo")
def plan_undo(request: Request, who: Who, run_id: str) -> UndoPlan:
    """Return what undoing a run would do, first what it can't."""
    with reading(request) as work:
        return platform_of(request).runs.plan_undo(work, who, run_id)


@router.post("/{run_id}/undo", status_code=201)
def undo(request: Request, who: Who, run_id: str) -> Run:
    """Put back what a run changed, the last first; follow the run that does it by its events."""
    with writing(request) as work:
        return platform_of(request).runs.undo(work, who, run_id)


@router.get(
    "/{run_id}/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
)
async def events(
    request: Request,
    who: Who,
    run_id: str,
    after: Annotated[int, Query(ge=0, le=MOST)] = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=MOST)] = None,
) -> StreamingResponse:
    """Stream a run's events (server-sent events), from number `after` or the `Last-Event-ID` header on."""
    seen = after if last_event_id is None else last_event_id
    detail = await run_in_threadpool(_detail, request, who, run_id)
    follow = _follow(request, who, run_id, min(seen, detail.last_event))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(follow, media_type="text/event-stream", headers=headers)


async def _follow(request: Request, who: Principal, run_id: str, seen: int) -> AsyncGenerator[str]:
    loop = asyncio.get_running_loop()
    live: asyncio.Queue[Told] = asyncio.Queue()

    def tell(told: Told) -> None:
        loop.call_soon_threadsafe(live.put_nowait, told)

    stream = platform_of(request).runs.stream
    follower = stream.follower(seen)
    # First listen, then read: what happens in between is seen twice, and dropped by its number.
    end = stream.subscribe(run_id, tell)
    watch = asyncio.create_task(_end_with_the_session(request, live))
    try:
        told: Told = run_id
        while told is not None:
            new = follower.hear(told)
            if new is None:
                try:
                    kept, is_over = await run_in_threadpool(_kept, request, who, run_id, follower.seen)
                except Unavailable:
                    # The stream outlives a database that is gone, and reads on from where it was.
                    yield _STILL_HERE
                    told = run_id if await _hear(live, _LOOK_SECONDS, run_id) else None
                    continue
                new = follower.read(kept)
                follower.is_over = follower.is_over or is_over
            for event in new:
                yield _encode(event)
            if follower.is_over:
                return
            told = await _hear(live, _KEEP_ALIVE_SECONDS, "")
            if told == "":
                yield _STILL_HERE
                # What another process told may have been lost with a connection.
                told = run_id
    finally:
        watch.cancel()
        end()


async def _hear(live: asyncio.Queue[Told], seconds: float, silence: str) -> Told:
    """Return what is told next, or `silence` where nothing is for so long."""
    try:
        return await asyncio.wait_for(live.get(), seconds)
    except TimeoutError:
        return silence


async def _end_with_the_session(request: Request, live: asyncio.Queue[Told]) -> None:
    """End a stream whose reader signed out, or was deactivated."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if not await run_in_threadpool(is_signed_in, request):
            live.put_nowait(None)
            return


def _detail(request: Request, who: Principal, run_id: str) -> RunDetail:
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        return platform.runs.get(work, who, run_id)


def _kept(request: Request, who: Principal, run_id: str, after: int) -> tuple[list[RunEvent], bool]:
    """Return the events that the journal has after number `after`, and whether no more will come."""
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        over = platform.runs.get(work, who, run_id).status in FINAL
        return platform.runs.events(work, who, run_id, after), over


def _encode(event: RunEvent) -> str:
    number = f"id: {event.seq}\n" if event.seq else ""
    return f"{number}event: {event.type}\ndata: {event.model_dump_json()}\n\n"

"""`/v1/chat/completions`: one answer, or a stream of its pieces."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncGenerator

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from jindou.models.completions import CallsMade, ChatRequest, Done, Failed, TextPiece
from jindou.surfaces.door import platform_of
from jindou.surfaces.http.v1.holder import Holder
from jindou.surfaces.http.v1.wire import Chunks, whole

__all__ = ["router"]

router = APIRouter(prefix="/chat/completions")

_LOOK_SECONDS = 0.5
_CLIENT_LEFT = 499
_Event = TextPiece | CallsMade | Done | Failed


@router.post("", response_model=None)
async def create(request: Request, holder: Holder, asked: ChatRequest) -> Response:
    """Complete a conversation. What is used is in the ledger before the end is told, also if nobody listens."""
    inbox = _Inbox(request)
    completions = platform_of(request).completions
    ticket = await run_in_threadpool(completions.start, holder, asked, inbox.tell, inbox.is_left)
    headers = {"x-request-id": ticket.id}
    try:
        # The first event decides the status: what fails before it is no stream.
        event = await inbox.next()
        if asked.stream and not isinstance(event, Failed):
            include_usage = bool(asked.stream_options and asked.stream_options.include_usage)
            lines = _lines(inbox, event, Chunks(ticket, include_usage=include_usage))
            headers["Cache-Control"] = "no-store"
            return StreamingResponse(lines, headers=headers, media_type="text/event-stream")
        pieces: list[TextPiece | CallsMade] = []
        while not isinstance(event, Done):
            if isinstance(event, Failed):
                raise event.error
            pieces.append(event)
            event = await inbox.next()
    except _ClientLeft:
        return Response(status_code=_CLIENT_LEFT)
    return Response(json.dumps(whole(ticket, pieces, event)), headers=headers, media_type="application/json")


async def _lines(inbox: "_Inbox", first: _Event, chunks: Chunks) -> AsyncGenerator[str]:
    event = first
    try:
        while True:
            for line in chunks.of(event):
                yield line
            if isinstance(event, Done | Failed):
                return
            event = await inbox.next()
    except _ClientLeft:
        return
    finally:
        inbox.is_left.set()


class _ClientLeft(Exception):
    """The client has closed its connection."""


class _Inbox:
    """Events from the completion's thread, for a request that lives in the event loop."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self.is_left = threading.Event()

    def tell(self, event: _Event) -> None:
        """Take an event; called from another thread, also after the loop has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def next(self) -> _Event:
        """Return the next event.

        Raises:
            _ClientLeft: the client did not wait for it.
        """
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    return await asyncio.wait_for(self._events.get(), _LOOK_SECONDS)
                await self._stop_without_client()
        except BaseException:
            self.is_left.set()
            raise

    async def _stop_without_client(self) -> None:
        if await self._request.is_disconnected():
            raise _ClientLeft

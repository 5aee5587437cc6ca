"""Completions told in a client's own shape: kept to the end and answered once, or sent piece by piece."""

from collections.abc import Callable, Sequence
from typing import Protocol

from jindou.models.completions import Begun, Done, Event, Tell
from jindou.surfaces.http.v1.blocks import Piece
from jindou.surfaces.http.v1.call import Call

__all__ = ["Shape", "tell_in"]


class Shape(Protocol):
    """How a completion that has begun is told."""

    def headers(self) -> dict[str, str]:
        """Return the headers that the answer has, whole or not."""
        ...

    def whole(self, pieces: Sequence[Piece], done: Done) -> bytes:
        """Return the answer to a request that is not streamed.

        Raises:
            Corrupt: what the model wrote can't be told in this shape.
        """
        ...

    def start(self) -> bytes:
        """Return the beginning of the stream."""
        ...

    def of(self, piece: Piece) -> bytes:
        """Return what a piece adds to the stream, if it adds anything."""
        ...

    def end(self, done: Done) -> bytes:
        """Return the end of the stream."""
        ...

    def broken(self, error: Exception) -> bytes:
        """Return the other end of the stream: what broke it."""
        ...


def tell_in(shape: Callable[[Begun], Shape], call: Call, *, stream: bool) -> Tell:
    """Return what answers `call` with the events that it is told."""
    return (_Stream if stream else _Whole)(shape, call).tell


class _Whole:
    def __init__(self, shape: Callable[[Begun], Shape], call: Call) -> None:
        self._begin = shape
        self._call = call
        self._shape: Shape | None = None
        self._pieces: list[Piece] = []

    async def tell(self, event: Event) -> None:
        """Take an event; the last one sends the answer."""
        if isinstance(event, Begun):
            self._shape = self._begin(event)
        elif isinstance(event, Done):
            assert self._shape is not None  # noqa: S101 - every completion begins
            await self._call.answer(200, self._shape.whole(self._pieces, event), self._shape.headers())
        else:
            self._pieces.append(event)


class _Stream:
    def __init__(self, shape: Callable[[Begun], Shape], call: Call) -> None:
        self._begin = shape
        self._call = call
        self._shape: Shape | None = None

    async def tell(self, event: Event) -> None:
        """Take an event and send what it adds."""
        if isinstance(event, Begun):
            self._shape = self._begin(event)
            self._call.broken = self._shape.broken
            await self._call.begin_stream(self._shape.headers())
            await self._call.send(self._shape.start())
            return
        assert self._shape is not None  # noqa: S101 - every completion begins
        if isinstance(event, Done):
            await self._call.end(self._shape.end(event))
        elif told := self._shape.of(event):
            await self._call.send(told)

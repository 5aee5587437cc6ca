"""What an application sees of a request, and the way to answer it, whichever server it came by."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

__all__ = ["Application", "Exchange", "Waits"]

Waits = Coroutine[Any, Any, None]
"""What has to be awaited before more is sent."""


class Exchange(Protocol):
    """One request and its answer: either `answer`, or `begin`, `send` any number of times, and `end`."""

    method: str
    path: str

    def header(self, name: str) -> str:
        """Return a header of the request by its name in lower case, or an empty string."""
        ...

    async def body(self) -> bytes:
        """Return the whole body, and keep none of it.

        Raises:
            TooLarge: it has more bytes than are taken.
            Limited: others have the room for large ones.
        """
        ...

    def when_left(self, tell: Callable[[], None]) -> None:
        """Have `tell` called once the client has left before its answer was over."""
        ...

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send a whole answer."""
        ...

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Begin an answer of any length. Its head may go out with its first piece."""
        ...

    def put(self, data: bytes) -> Waits | None:
        """Send a piece, without a task where nobody has to be waited for. One that has left is sent nothing.

        What is returned waits as long as a slow client needs, within bounds.
        """
        ...

    async def send(self, data: bytes) -> None:
        """Send a piece, and wait as long as a slow client needs."""
        waits = self.put(data)
        if waits is not None:
            await waits

    async def end(self, data: bytes = b"") -> None:
        """Send the last piece."""
        ...


Application = Callable[[Exchange], Coroutine[Any, Any, None]]
"""Answers one request."""

"""Whether the client still listens."""

from collections.abc import Callable

__all__ = ["Presence"]


class Presence:
    """A client that may leave. Its door says so; whoever works for it hears of it, from any thread."""

    def __init__(self) -> None:
        self._has_left = False
        self._told: list[Callable[[], None]] = []

    @property
    def is_over(self) -> bool:
        """Whether the client has left."""
        return self._has_left

    def leave(self) -> None:
        """Note that nobody listens any more. Call it in the event loop."""
        if not self._has_left:
            self._has_left = True
            for tell in self._told:
                tell()

    def when_over(self, tell: Callable[[], None]) -> None:
        """Have `tell` called in the event loop once the client leaves, at once if it has left."""
        self._told.append(tell)
        if self._has_left:
            tell()

    def forget(self) -> None:
        """Tell nobody any more: they have what they wait with, which has them, and are let go of here."""
        self._told.clear()

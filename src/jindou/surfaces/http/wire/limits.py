"""How much and how long a client may."""

from dataclasses import dataclass

from jindou.errors import Limited

__all__ = ["Limits", "Room"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one connection, in bytes and seconds; every `look_seconds` the seconds are looked at.

    A body over `small_bytes` is taken where the path begins with `large_at`, up to `body_bytes`, and as long as all of
    them together have no more than `room_bytes`.
    `request_seconds` is from the first byte of a request to its last, `idle_seconds` how long a connection is kept
    without one, `slow_seconds` how long a client may take no piece of its answer, and `linger_seconds` how long what a
    refused client still sends is read, so that it reads why. `ahead` requests may wait for the answer before theirs.
    When the server ends, what is under way has `grace_seconds`.
    """

    head_bytes: int = 32_768
    small_bytes: int = 1_000_000
    body_bytes: int = 1_000_000
    room_bytes: int = 256_000_000
    large_at: bytes = b"/"
    request_seconds: float = 60.0
    idle_seconds: float = 75.0
    slow_seconds: float = 60.0
    linger_seconds: float = 2.0
    grace_seconds: float = 30.0
    look_seconds: float = 1.0
    ahead: int = 32

    def body_bytes_at(self, path: bytes) -> int:
        """Return how large a body may be."""
        return self.body_bytes if path.startswith(self.large_at) else min(self.small_bytes, self.body_bytes)


class Room:
    """What the large bodies of one process may have together. It belongs to one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._free = limits.room_bytes
        self._small = limits.small_bytes

    def take(self, size: int, held: int) -> int:
        """Return what a body of `size` bytes holds, of which it has `held`: nothing if it is small.

        Raises:
            Limited: there is no room for more of it now.
        """
        if size <= self._small:
            return 0
        if size - held > self._free:
            raise Limited("Too many large bodies are under way; try again.", retry_after=1.0)
        self._free -= size - held
        return size

    def give(self, held: int) -> None:
        """Take back what a body had."""
        self._free += held

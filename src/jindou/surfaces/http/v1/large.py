"""How large bodies may be on `/v1`, and what is made sure of before a large one is read."""

from typing import Final

from jindou.errors import TooLarge
from jindou.settings import Settings
from jindou.surfaces.guard import MAX_BYTES
from jindou.surfaces.http.wire import Limits

__all__ = ["LARGE_BYTES", "limits_of", "require_few_values"]

LARGE_BYTES: Final = 250_000
"""What is larger is read in a thread. It takes a millisecond, where the body is of long texts."""

_MEGABYTE: Final = 1_000_000
_LARGEST_AT_ONCE: Final = 16
"""How many bodies a process has room for that are as large as they may be."""

_MOST_VALUES: Final = 200_000
_PIECE: Final = 250_000


def limits_of(settings: Settings) -> Limits:
    """Return how much the clients of `/v1` may, at either server; elsewhere a body is a small one."""
    largest = settings.max_body_mb * _MEGABYTE
    room = largest * _LARGEST_AT_ONCE
    return Limits(small_bytes=MAX_BYTES, body_bytes=largest, room_bytes=room, large_at=b"/v1/")


def require_few_values(body: bytes) -> None:
    """Let a body pass that is of long texts, as large ones are, and not of as many values as there is room for.

    Each value takes many times the bytes that it has in JSON, and while they are made no other thread goes on. What is
    within texts does not count.

    Raises:
        TooLarge: it has too many.
    """
    values, is_in_text, before = 0, False, b""
    for at in range(0, len(body), _PIECE):
        piece = (before + body[at : at + _PIECE]).replace(rb"\\", b"")
        # A backslash that is left is the beginning of an escape, whose end may be in the next piece.
        before = b"\\" if piece.endswith(b"\\") else b""
        texts = piece.removesuffix(b"\\").replace(rb"\"", b"").split(b'"')
        between = b"".join(texts[is_in_text::2])
        values += between.count(b",") + between.count(b"[") + between.count(b"{")
        if values > _MOST_VALUES:
            raise TooLarge(f"The body has more than {_MOST_VALUES} values.")
        is_in_text ^= len(texts) % 2 == 0

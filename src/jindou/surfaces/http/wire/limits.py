"""How much and how long a client may."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one connection, in bytes and seconds; every `look_seconds` the seconds are looked at.

    `request_seconds` is from the first byte of a request to its last, `idle_seconds` how long a connection is kept
    without one, `slow_seconds` how long a client may take no piece of its answer, and `linger_seconds` how long what a
    refused client still sends is read, so that it reads why. `ahead` requests may wait for the answer before theirs.
    When the server ends, what is under way has `grace_seconds`.
    """

    head_bytes: int = 32_768
    body_bytes: int = 1_000_000
    request_seconds: float = 60.0
    idle_seconds: float = 75.0
    slow_seconds: float = 60.0
    linger_seconds: float = 2.0
    grace_seconds: float = 30.0
    look_seconds: float = 1.0
    ahead: int = 32

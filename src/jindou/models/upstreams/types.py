"""Where a server is, and how long it may take."""

from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

from jindou.errors import Invalid

__all__ = ["Endpoint", "Upstream"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server of OpenAI's API: ``POST {path_prefix}/chat/completions`` is where it is asked.

    `key` goes into ``Authorization: Bearer``, and nowhere else; empty means that none is asked for. A stream may take
    `first_seconds` until its first piece, and then be silent for `silent_seconds`.
    """

    scheme: Literal["http", "https"]
    host: str
    port: int
    path_prefix: str
    key: str = field(default="", repr=False)
    first_seconds: float = 900.0
    silent_seconds: float = 120.0

    @property
    def url(self) -> str:
        """The address that a client calls `base_url`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path_prefix}"

    @classmethod
    def at(cls, url: str, key: str = "") -> "Upstream":
        """Return the server at a base URL such as ``https://models.example.com/v1``.

        Raises:
            Invalid: that is no such URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise _no_address(url) from None
        if not parts.hostname or parts.username or parts.query or parts.fragment or not url.isprintable():
            raise _no_address(url)
        scheme = cast('Literal["http", "https"]', parts.scheme)
        return cls(scheme, parts.hostname, port, parts.path.rstrip("/"), key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A model at a server, by the name that it has there, and how long each part of an answer may take, in seconds.

    `credential` is what a person is told to look at when the server does not accept the key.
    """

    upstream: Upstream
    model: str
    credential: str = "no key"
    connect_seconds: float = 10.0
    first_token_seconds: float = 120.0
    idle_seconds: float = 60.0


def _no_address(url: str) -> Invalid:
    shown = url.rpartition("@")[2][:200]
    return Invalid(
        f"`{shown}` is no base URL, such as https://models.example.com/v1", field="url", rule="http(s), host, path"
    )

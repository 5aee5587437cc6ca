"""From bytes to requests, as RFC 9112 has them and no other way: what two servers could read differently is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

import httptools

from jindou.errors import JindouError, Limited, TooLarge
from jindou.surfaces.http.wire.limits import Limits, Room

__all__ = ["Malformed", "Reader", "Request"]

_AROUND: Final = len(": \r\n")
_VERSIONS: Final = frozenset({"1.0", "1.1"})


class Malformed(Exception):
    """What came is no request that is taken, so nothing that follows it can be read. `status` says so to the client."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class _Enough(Exception):
    """Nothing more is read from this connection."""


@dataclass(slots=True)
class Request:
    """A request, which holds so much of the room for large bodies. One whose body is refused is the last that comes."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes
    version: str
    keeps: bool
    held: int = 0
    refusal: JindouError | None = None


class _Head:
    """What is known of the request that is being read."""

    __slots__ = ("headers", "is_whole", "size", "target")

    def __init__(self) -> None:
        self.target = b""
        self.headers: dict[bytes, bytes] = {}
        self.size = 0
        self.is_whole = False


class Reader:
    """Reads one connection. `take` is given each request, in order; `go_ahead` is for a client that waits for it.

    llhttp, below, refuses by itself: both lengths in one head or one of them twice, lengths and chunk sizes that are
    no plain numbers, lines that end without CR or go on in the next, and any coding after ``chunked``.
    """

    def __init__(
        self, limits: Limits, room: Room, take: Callable[[Request], None], go_ahead: Callable[[], None]
    ) -> None:
        self._limits = limits
        self._room = room
        self._take = take
        self._go_ahead = go_ahead
        self._parser = httptools.HttpRequestParser(self)
        self._head = _Head()
        self._body: list[bytes] = []
        self._size = 0
        self._most = limits.body_bytes
        self._held = 0
        self._silent = 0
        self.is_reading = False
        """Whether a part of a request is there and the rest is not."""
        self.has_enough = False
        """Whether nothing more can be read."""

    def feed(self, data: bytes) -> None:
        """Read on.

        Raises:
            Malformed: it can't be read, and nothing after it.
        """
        if self.has_enough:
            return
        self._silent += len(data)
        try:
            self._parse(data)
        except _Enough:
            self.has_enough = True
        except httptools.HttpParserError as error:
            self.has_enough = True
            raise Malformed(400, f"{error}.") from None
        except Malformed:
            self.has_enough = True
            raise
        if self.is_reading and not self._head.is_whole and self._silent > self._limits.head_bytes:
            self.has_enough = True
            raise _head_too_large()

    def close(self) -> None:
        """Forget what there is of a request that will never be whole."""
        self._body.clear()
        self._room.give(self._held)
        self._held = 0

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserCallbackError as error:
            # What a callback raised stands behind what the parser makes of it.
            raise (error.__context__ or error) from None

    def _decline(self, rest: bytes) -> None:
        """Read a request that offers another protocol as if it did not (RFC 9110, 7.8): its head once more, then on."""
        head, method = self._head, self._parser.get_method()
        if method == b"CONNECT":
            raise Malformed(400, "This is no proxy.")
        kept = [b"%b: %b\r\n" % header for header in head.headers.items() if header[0] != b"upgrade"]
        first = b"%b %b HTTP/%b\r\n" % (method, head.target, self._parser.get_http_version().encode())
        self._parser = httptools.HttpRequestParser(self)
        self._parse(first + b"".join(kept) + b"\r\n" + rest)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head = _Head()
        self._body.clear()
        self._size = 0
        self.is_reading = True

    def on_url(self, url: bytes) -> None:
        """Note a part of the target."""
        head = self._head
        self._silent = 0
        head.target += url
        head.size += len(url)
        if head.size > self._limits.head_bytes:
            raise _head_too_large()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a field; those behind a chunked body are counted and left out."""
        head = self._head
        self._silent = 0
        head.size += len(name) + len(value) + _AROUND
        if head.size > self._limits.head_bytes:
            raise _head_too_large()
        if head.is_whole:
            return
        name = name.lower()
        if name == b"host" and name in head.headers:
            raise Malformed(400, "The Host header is there twice.")
        head.headers[name] = value

    def on_headers_complete(self) -> None:
        """Judge the head as a whole."""
        headers, version = self._head.headers, self._parser.get_http_version()
        self._head.is_whole = True
        if version not in _VERSIONS:
            raise Malformed(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        if version == "1.1" and b"host" not in headers:
            raise Malformed(400, "The Host header is missing.")
        coding = headers.get(b"transfer-encoding")
        if coding is not None and (version == "1.0" or coding.lower() != b"chunked"):
            raise Malformed(400, "No Transfer-Encoding but chunked is taken.")
        self._most = self._limits.body_bytes_at(self._head.target)
        if int(headers.get(b"content-length", 0)) > self._most:
            self._refuse_body()
        expected = headers.get(b"expect")
        if expected is not None and not self._parser.should_upgrade():
            if expected.lower() != b"100-continue":
                raise Malformed(417, "The only expectation that is met is 100-continue.")
            self._go_ahead()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._size += len(body)
        if self._size > self._most:
            self._refuse_body()
        if self._size > self._limits.small_bytes:
            try:
                self._held = self._room.take(self._size, self._held)
            except Limited as refusal:
                self._refuse_body(refusal)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand the request on."""
        if self._parser.should_upgrade():
            return
        self.is_reading = False
        keeps = self._parser.should_keep_alive() and self._parser.get_http_version() == "1.1"
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._take(self._request(body, keeps=keeps))
        if not keeps:
            raise _Enough

    def _refuse_body(self, refusal: JindouError | None = None) -> None:
        self.is_reading = False
        self.close()
        request = self._request(b"", keeps=False)
        request.refusal = refusal or TooLarge(f"The body has more than {self._most} bytes.")
        self._take(request)
        raise _Enough

    def _request(self, body: bytes, *, keeps: bool) -> Request:
        head, parser = self._head, self._parser
        path = _path(head.target)
        held, self._held = self._held, 0
        return Request(parser.get_method().decode(), path, head.headers, body, parser.get_http_version(), keeps, held)


def _path(target: bytes) -> str:
    """Return the path of a target in its origin form, or in its absolute form (RFC 9112, 3.2)."""
    path = target.partition(b"?")[0] if target[:1] == b"/" else httptools.parse_url(target).path or b"/"
    return (unquote_to_bytes(path) if b"%" in path else path).decode("utf-8", "replace")


def _head_too_large() -> Malformed:
    return Malformed(431, "The head of the request is too large.")

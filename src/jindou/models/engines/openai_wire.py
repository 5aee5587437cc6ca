"""One streamed request to an OpenAI-compatible server, which can be broken off at any moment.

The socket is shut from the reader of the events: that ends a read which waits, so that the server hears of it even
while it still reads the prompt.
"""

import contextlib
import json
import queue
import socket
import ssl
import threading
from collections.abc import Generator, Mapping
from functools import cache
from typing import Any, Final, cast

import httpx

from jindou.models.upstreams import Answered, Endpoint

__all__ = ["get_models", "stream_events"]

_TICK: Final = 0.25
_SPARE_SECONDS: Final = 5.0
_ERROR_BYTES: Final = 65_536
_HEALTH_SECONDS: Final = 5.0
_OK: Final = 200


Event = dict[str, Any] | Exception | None


def stream_events(endpoint: Endpoint, body: Mapping[str, object]) -> Generator[dict[str, Any] | None, None, None]:
    """Yield each server-sent event's JSON, or None whenever a quarter of a second brings none.

    Raises:
        Answered: the server answers with an error.
        ConnectionRefusedError: there is no connection; nothing was sent.
        OSError: it leaves before the end.
    """
    line = _Line(endpoint)
    reader = threading.Thread(target=line.read, args=(body,), name="engine-stream", daemon=True)
    reader.start()
    try:
        while True:
            try:
                event = line.events.get(timeout=_TICK)
            except queue.Empty:
                yield None
                continue
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event
    finally:
        line.cut()


def get_models(endpoint: Endpoint) -> int:
    """Return the status of ``GET /models``, the cheapest thing that a server can be asked.

    Raises:
        OSError: it does not answer.
    """
    try:
        with _client(endpoint, _HEALTH_SECONDS) as client:
            return client.get(f"{endpoint.upstream.url}/models", headers=_headers(endpoint)).status_code
    except httpx.HTTPError as error:
        raise ConnectionError(type(error).__name__) from None


class _Line:
    """A connection, and what comes over it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def read(self, body: Mapping[str, object]) -> None:
        """Put each event, then None."""
        url = f"{self._endpoint.upstream.url}/chat/completions"
        longest = max(self._endpoint.first_token_seconds, self._endpoint.idle_seconds) + _SPARE_SECONDS
        try:
            with (
                _client(self._endpoint, longest) as client,
                client.stream(
                    "POST", url, json=dict(body), headers=_headers(self._endpoint), extensions={"trace": self._trace}
                ) as response,
            ):
                self._read_answer(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self.events.put(ConnectionRefusedError(str(error) or type(error).__name__))
        except (httpx.HTTPError, httpx.StreamError, OSError, ValueError) as error:
            self.events.put(ConnectionError(str(error) or type(error).__name__))
        finally:
            self.events.put(None)

    def cut(self) -> None:
        """End the connection, whatever it is doing."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _read_answer(self, response: httpx.Response) -> None:
        if response.status_code != _OK:
            self.events.put(Answered(response.status_code, response.headers, _json_of(response)))
            return
        for line in response.iter_lines():
            if line.startswith("data:") and (text := line[5:].strip()) != "[DONE]":
                event = json.loads(text)
                if isinstance(event, dict):
                    self.events.put(cast("dict[str, Any]", event))

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Keep hold of the socket as soon as there is one."""
        if name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                is_cut = self._is_cut
            if is_cut:
                self.cut()


def _client(endpoint: Endpoint, read_seconds: float) -> httpx.Client:
    timeout = httpx.Timeout(read_seconds, connect=endpoint.connect_seconds)
    return httpx.Client(verify=_context(), timeout=timeout, trust_env=False, follow_redirects=False)


@cache
def _context() -> ssl.SSLContext:
    """Return the one context of this process: to make it takes longer than many an answer."""
    return httpx.create_ssl_context(trust_env=False)


def _headers(endpoint: Endpoint) -> dict[str, str]:
    key = endpoint.upstream.key
    return {"Authorization": f"Bearer {key}"} if key else {}


def _json_of(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON of an error; what is too long, or is none, counts as nothing."""
    content = b""
    for piece in response.iter_bytes():
        content += piece
        if len(content) > _ERROR_BYTES:
            return {}
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}

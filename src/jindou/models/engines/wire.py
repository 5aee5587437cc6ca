"""Requests to a server on the loopback interface: JSON in, JSON or a stream of events out.

The standard library's client is used because its socket can be shut from another thread: that ends a read which
waits, so that a cancelled completion frees its slot at once even while the server still reads the prompt.
"""

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Generator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Final, cast

__all__ = ["Address", "Refused", "get", "post", "stream_events"]

_HOST: Final = "127.0.0.1"
_CONNECT_SECONDS: Final = 10.0
_SILENT_SECONDS: Final = 900.0

Address = tuple[int, str]
"""A port on the loopback interface, and the key that opens it."""


class Refused(Exception):
    """The server answered with an error; `status` and `detail` are its own."""

    def __init__(self, status: int, detail: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {detail.get('message', 'no message')}")
        self.status = status
        self.detail = dict(detail)


def get(address: Address, path: str, *, seconds: float = _SILENT_SECONDS) -> Any:
    """Return the JSON that the server answers.

    Raises:
        Refused: it answers with an error.
        OSError: it does not answer in time.
    """
    return _answer(_send(address, "GET", path, None, seconds))


def post(address: Address, path: str, body: Mapping[str, object], *, seconds: float = _SILENT_SECONDS) -> Any:
    """Return the JSON that the server answers.

    Raises:
        Refused: it answers with an error.
        OSError: it does not answer in time.
    """
    return _answer(_send(address, "POST", path, body, seconds))


def _answer(connection: HTTPConnection) -> Any:
    try:
        return json.loads(_checked(connection.getresponse()).read())
    except (HTTPException, ValueError) as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


def stream_events(
    address: Address, path: str, body: Mapping[str, object], *, tick: float
) -> Generator[dict[str, Any] | None, None, None]:
    """Yield each server-sent event's JSON, or None whenever `tick` seconds bring none. Closing shuts the socket.

    Raises:
        Refused: the server answers with an error.
        OSError: it does not answer, or leaves before the end.
    """
    connection = _send(address, "POST", path, body, _SILENT_SECONDS)
    plug = connection.sock
    events: queue.SimpleQueue[dict[str, Any] | Exception | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read_events, args=(connection, events), name="engine-stream", daemon=True)
    reader.start()
    try:
        while True:
            try:
                event = events.get(timeout=tick)
            except queue.Empty:
                yield None
                continue
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event
    finally:
        with contextlib.suppress(OSError):
            plug.shutdown(socket.SHUT_RDWR)
        reader.join()
        connection.close()


def _send(
    address: Address, method: str, path: str, body: Mapping[str, object] | None, seconds: float
) -> HTTPConnection:
    port, key = address
    connection = HTTPConnection(_HOST, port, timeout=_CONNECT_SECONDS)
    try:
        connection.connect()
        connection.sock.settimeout(seconds)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
    except OSError:
        connection.close()
        raise
    return connection


def _checked(response: HTTPResponse) -> HTTPResponse:
    if response.status == 200:  # noqa: PLR2004 - the only status this server gives to a good request
        return response
    try:
        body = json.loads(response.read())
    except ValueError:
        body = None
    raise Refused(response.status, _object(_object(body).get("error")))


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _read_events(connection: HTTPConnection, events: "queue.SimpleQueue[dict[str, Any] | Exception | None]") -> None:
    try:
        response = _checked(connection.getresponse())
        for line in response:
            if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
                events.put(json.loads(line[6:]))
        response.close()
    except (OSError, Refused) as error:
        events.put(error)
    except (HTTPException, ValueError, AttributeError) as error:
        # AttributeError: the standard library drops its file object when the socket is shut under it.
        events.put(ConnectionError(str(error)))
    finally:
        events.put(None)

"""HTTP with the server: JSON there and back, problems as errors, and streams of server-sent events."""

import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from jindou_client.errors import ClientError, NotFound, Unreachable, from_problem

__all__ = ["ServerSentEvent", "Transport"]

T = TypeVar("T")
_PROBLEM = TypeAdapter(dict[str, object])
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class ServerSentEvent(NamedTuple):
    """One event of a stream, as the WHATWG's specification parses it; `id` is empty where it sets none."""

    id: str
    type: str
    data: str


class Transport:
    """One server and one token. Nothing here retries."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=_TIMEOUT,
            # A proxy from the environment must neither break nor read what stays on this machine.
            trust_env=not _is_loopback(self.url),
            # To load the authorities takes 0.1 s, for nothing where no TLS is spoken; without them nobody is trusted.
            verify=True if self.url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, type_: type[T], path: str, query: Mapping[str, object] | None = None) -> T:
        """Return what `path` holds, as a `type_`."""
        return self._send(type_, "GET", path, query=query)

    def post(self, type_: type[T], path: str, body: Mapping[str, object] | None = None) -> T:
        """Post `body` to `path` and return the answer, as a `type_`."""
        return self._send(type_, "POST", path, body=body or {})

    def patch(self, type_: type[T], path: str, body: Mapping[str, object]) -> T:
        """Change what is at `path` by `body` and return what it is then, as a `type_`."""
        return self._send(type_, "PATCH", path, body=body)

    def put(self, type_: type[T], path: str, body: Mapping[str, object]) -> T:
        """Put `body` at `path` and return the answer, as a `type_`."""
        return self._send(type_, "PUT", path, body=body)

    def delete(self, path: str) -> None:
        """Delete what is at `path`."""
        self._send(object, "DELETE", path)

    @contextmanager
    def stream(self, path: str, last_event_id: int) -> Generator[Iterator[ServerSentEvent]]:
        """Open the stream of `path` behind event `last_event_id`.

        Raises:
            Unreachable: it broke off.
        """
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last_event_id)}
        with self._reaching(), self._http.stream("GET", _asked(path), headers=headers) as response:
            if response.is_error:
                response.read()
                raise _error(response)
            yield _events(response.iter_lines())

    def _send(
        self,
        type_: type[T],
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> T:
        given: dict[str, Any] = {name: value for name, value in (query or {}).items() if value is not None}
        with self._reaching():
            response = self._http.request(method, _asked(path), params=given, json=body)
        if response.is_error:
            raise _error(response)
        if not response.content:
            return TypeAdapter(type_).validate_python(None)
        return TypeAdapter(type_).validate_json(response.content)

    @contextmanager
    def _reaching(self) -> Generator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise Unreachable(f"{self.url} does not answer ({type(error).__name__}).", code="unreachable") from error


def _asked(path: str) -> str:
    """Return a path as URLs have it: whatever is given for an id in it leads nowhere else.

    Raises:
        NotFound: it would.
    """
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise NotFound("There is no such thing.", code="not_found")
    return quote(path, safe="/%")


def _error(response: httpx.Response) -> ClientError:
    try:
        problem = _PROBLEM.validate_json(response.content)
    except ValidationError:
        problem = {}
    return from_problem(response.status_code, problem)


def _events(lines: Iterator[str]) -> Iterator[ServerSentEvent]:
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield ServerSentEvent(fields.get("id", ""), fields.get("event", "message"), fields["data"])
            fields = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

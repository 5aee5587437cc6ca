"""Requests to a server that speaks OpenAI's ``/embeddings``: ours on the loopback interface, or one elsewhere."""

import json
import ssl
from base64 import b64decode
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, cast

from jindou.models.embeddings.types import Count, Embedded, Vector
from jindou.models.embeddings.vectors import from_bytes, unit
from jindou.models.engines import Usage
from jindou.models.upstreams import Answered, EngineDied, EngineUnavailable, Upstream

__all__ = ["ask_embeddings", "get", "post"]

_SECONDS: Final = 120.0
_MOST_BYTES: Final = 256 << 20
_OK: Final = 200


def ask_embeddings(upstream: Upstream, model: str, given: Sequence[object], at_once: int, count: Count) -> Embedded:
    """Return a vector for each input, which is text or its tokens; the server is given so many of them `at_once`.

    `count` is told of each such part how many tokens the server counted.

    Raises:
        Answered: it answers with an error.
        EngineUnavailable: it can't be reached.
        EngineDied: it was asked, and does not answer, or something else than embeddings.
    """
    vectors: list[Vector] = []
    used = 0
    for start in range(0, len(given), at_once):
        some, tokens = _ask_part(upstream, model, given[start : start + at_once])
        count(tokens)
        vectors += map(unit, some)
        used += tokens
    return Embedded(vectors, used)


def _ask_part(upstream: Upstream, model: str, given: Sequence[object]) -> tuple[list[Vector], int]:
    body = {"model": model, "input": list(given), "encoding_format": "base64"}
    answer = post(upstream, "/embeddings", body)
    try:
        entries = sorted(answer["data"], key=lambda entry: entry["index"])
        vectors = [_vector(entry["embedding"]) for entry in entries]
        tokens = int(answer["usage"]["prompt_tokens"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EngineDied(f"{_where(upstream)} answers no embeddings ({type(error).__name__}).") from None
    if not Usage(tokens).is_possible:
        raise EngineDied(f"{_where(upstream)} does not say how many tokens it read.")
    if len(vectors) != len(given):
        raise EngineDied(f"{_where(upstream)} answers {len(vectors)} embeddings for {len(given)} texts.")
    return vectors, tokens


def _vector(value: object) -> Vector:
    # Servers that do not know `encoding_format` send numbers all the same.
    return from_bytes(b64decode(value)) if isinstance(value, str) else unit(cast("list[float]", value))


def post(upstream: Upstream, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    """Return the JSON object that the server answers.

    Raises:
        Answered: it answers with an error.
        EngineUnavailable: it can't be reached.
        EngineDied: it was asked, and does not answer, or no JSON.
    """
    return _ask(upstream, "POST", path, json.dumps(body).encode())


def get(upstream: Upstream, path: str) -> dict[str, Any]:
    """Return the JSON object that the server has at `path`.

    Raises:
        Answered, EngineUnavailable, EngineDied: as `post` says.
    """
    return _ask(upstream, "GET", path, None)


def _ask(upstream: Upstream, verb: str, path: str, body: bytes | None) -> dict[str, Any]:
    connection = _connection(upstream)
    headers = {"Content-Type": "application/json"}
    if upstream.key:
        headers["Authorization"] = f"Bearer {upstream.key}"
    was_asked = False
    try:
        connection.connect()
        was_asked = True
        connection.request(verb, upstream.path_prefix + path, body, headers)
        response = connection.getresponse()
        content = response.read(_MOST_BYTES)
    except (OSError, HTTPException, ValueError) as error:
        if not was_asked:
            raise EngineUnavailable(f"{_where(upstream)} can't be reached.") from error
        # What it said may be in the error, and with it the key.
        raise EngineDied(f"{_where(upstream)} broke off ({type(error).__name__}).") from None
    finally:
        connection.close()
    answer = _object(content)
    if response.status != _OK:
        raise Answered(response.status, {name.lower(): value for name, value in response.getheaders()}, answer or {})
    if answer is None:
        raise EngineDied(f"{_where(upstream)} answers no JSON.")
    return answer


def _connection(upstream: Upstream) -> HTTPConnection:
    if upstream.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(upstream.host, upstream.port, timeout=_SECONDS, context=context)
    return HTTPConnection(upstream.host, upstream.port, timeout=_SECONDS)


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _where(upstream: Upstream) -> str:
    return f"The engine at {upstream.host}:{upstream.port}"

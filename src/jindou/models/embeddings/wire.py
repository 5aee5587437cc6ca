"""Requests to a server that speaks OpenAI's ``/embeddings``: ours on the loopback interface, or one elsewhere."""

import json
import ssl
from base64 import b64decode
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, cast

from jindou.models.embeddings.types import EmbedderUnavailable, Vector
from jindou.models.embeddings.vectors import from_bytes, unit
from jindou.models.upstreams import Upstream

__all__ = ["Refused", "ask_embeddings", "get", "post"]

_SECONDS: Final = 120.0
_MOST_BYTES: Final = 256 << 20
_OK: Final = 200


class Refused(Exception):
    """The server answered with an error; `status` and `message` are its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


def ask_embeddings(upstream: Upstream, model: str, given: Sequence[object], **more: object) -> tuple[list[Vector], int]:
    """Return a vector for each input, which is text or its tokens, and how many tokens the server counted.

    Raises:
        Refused: it answers with an error.
        EmbedderUnavailable: it does not answer, or something else than embeddings.
    """
    body = {"model": model, "input": list(given), "encoding_format": "base64", **more}
    answer = post(upstream, "/embeddings", body)
    try:
        entries = sorted(answer["data"], key=lambda entry: entry["index"])
        vectors = [_vector(entry["embedding"]) for entry in entries]
        tokens = int(answer["usage"]["prompt_tokens"])
    except (KeyError, TypeError, ValueError) as error:
        raise EmbedderUnavailable(
            f"{upstream.host} answers no embeddings ({type(error).__name__}).", asked=True
        ) from None
    if len(vectors) != len(given):
        told = f"{upstream.host} answers {len(vectors)} embeddings for {len(given)} texts."
        raise EmbedderUnavailable(told, asked=True)
    return vectors, tokens


def _vector(value: object) -> Vector:
    # Servers that do not know `encoding_format` send numbers all the same.
    return from_bytes(b64decode(value)) if isinstance(value, str) else unit(cast("list[float]", value))


def post(upstream: Upstream, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    """Return the JSON object that the server answers.

    Raises:
        Refused: it answers with an error.
        EmbedderUnavailable: it does not answer, or no JSON.
    """
    return _ask(upstream, "POST", path, json.dumps(body).encode())


def get(upstream: Upstream, path: str) -> dict[str, Any]:
    """Return the JSON object that the server has at `path`.

    Raises:
        Refused, EmbedderUnavailable: as `post` says.
    """
    return _ask(upstream, "GET", path, None)


def _ask(upstream: Upstream, verb: str, path: str, body: bytes | None) -> dict[str, Any]:
    connection = _connection(upstream)
    headers = {"Content-Type": "application/json"}
    if upstream.key:
        headers["Authorization"] = f"Bearer {upstream.key}"
    asked = False
    try:
        connection.connect()
        asked = True
        connection.request(verb, upstream.path_prefix + path, body, headers)
        response = connection.getresponse()
        content: object = json.loads(response.read(_MOST_BYTES))
    except (OSError, HTTPException, ValueError) as error:
        told = str(error) or type(error).__name__
        where = f"The embedding model at {upstream.host}"
        raise EmbedderUnavailable(f"{where} does not answer ({told}).", asked=asked) from None
    finally:
        connection.close()
    answer = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    if response.status != _OK:
        raise Refused(response.status, _message(answer.get("error")))
    return answer


def _connection(upstream: Upstream) -> HTTPConnection:
    if upstream.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(upstream.host, upstream.port, timeout=_SECONDS, context=context)
    return HTTPConnection(upstream.host, upstream.port, timeout=_SECONDS)


def _message(error: object) -> str:
    return str(cast("dict[str, Any]", error).get("message", error)) if isinstance(error, dict) else str(error)

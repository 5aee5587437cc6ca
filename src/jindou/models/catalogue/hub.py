"""Hubs, over HTTP: what one publishes of a file, its size and its sha256, and then the file itself.

Hugging Face answers a HEAD with `X-Linked-Size` and `X-Linked-Etag`, the SHA-256 that Git LFS keeps; behind it the file
comes from another host, so that redirects are not followed. ModelScope lists `Size` and `Sha256` of every file.
"""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from jindou.models.catalogue.types import Published, SourceFailed

__all__ = ["ask_hub", "download"]

_CHUNK: Final = 1 << 20
_PARTIAL_CONTENT: Final = 206
_RANGE_NOT_SATISFIABLE: Final = 416
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MODELSCOPE: Final = re.compile(r"/models/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


def ask_hub(url: str, timeout: float) -> Published | None:
    """Return what the hub of `url` publishes of the file there, or None where it does not say.

    Raises:
        SourceFailed: it does not answer.
    """
    found = _MODELSCOPE.fullmatch(urlsplit(url).path)
    with _failing(timeout):
        return _from_list(url, found, timeout) if found else _from_head(url, timeout)


def download(url: str, part: Path, timeout: float, tell: Callable[[int], None]) -> None:
    """Fill `part` with what is at `url`, going on at its end; `tell` hears how many bytes are there.

    Raises:
        SourceFailed: it did not give everything; what came stays in `part`.
    """
    done = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    with (
        _failing(timeout),
        httpx.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as answer,
    ):
        if answer.status_code == _RANGE_NOT_SATISFIABLE:
            return
        answer.raise_for_status()
        goes_on = answer.status_code == _PARTIAL_CONTENT
        done = done if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            for chunk in answer.iter_bytes(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                tell(done)


@contextmanager
def _failing(timeout: float) -> Generator[None]:
    """Say in words what went wrong with a source."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise SourceFailed(f"it answered {error.response.status_code}") from None
    except httpx.TimeoutException:
        raise SourceFailed(f"it was silent for {timeout:g} s") from None
    except (httpx.HTTPError, ValueError) as error:
        raise SourceFailed(str(error) or type(error).__name__) from None


def _from_head(url: str, timeout: float) -> Published | None:
    answer = httpx.head(url, timeout=timeout, follow_redirects=False)
    if answer.is_error:
        answer.raise_for_status()
    digest = answer.headers.get("x-linked-etag", "").strip().strip('"').lower()
    size = answer.headers.get("x-linked-size", "")
    if not _SHA256.fullmatch(digest):
        return None
    return Published(int(size) if size.isdecimal() else 0, digest)


def _from_list(url: str, found: "re.Match[str]", timeout: float) -> Published | None:
    parts = urlsplit(url)
    listing = f"{parts.scheme}://{parts.netloc}/api/v1/models/{found['repository']}/repo/files"
    answer = httpx.get(
        f"{listing}?Revision={quote(found['revision'])}&Recursive=true", timeout=timeout, follow_redirects=True
    )
    answer.raise_for_status()
    content: Any = answer.json()
    try:
        files = content["Data"]["Files"]
        file: dict[str, Any] = next(file for file in files if file["Path"] == found["file"])
        size, digest = int(file["Size"]), str(file["Sha256"]).lower()
    except (KeyError, TypeError, ValueError, StopIteration):
        return None
    return Published(size, digest) if _SHA256.fullmatch(digest) else None

"""What a hub publishes of a file: its size and its sha256, asked for before the file itself.

Hugging Face answers a HEAD with `X-Linked-Size` and `X-Linked-Etag`, the SHA-256 that Git LFS keeps; behind it the file
comes from another host, so that redirects are not followed. ModelScope lists `Size` and `Sha256` of every file.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

__all__ = ["Published", "ask_hub"]

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MODELSCOPE: Final = re.compile(r"/models/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


@dataclass(frozen=True, slots=True)
class Published:
    """What a hub says of a file; 0 and an empty text where it says nothing."""

    bytes: int
    sha256: str


def ask_hub(url: str, timeout: float) -> Published | None:
    """Return what the hub of `url` publishes of the file there, or None where it does not say.

    Raises:
        httpx.HTTPError: it does not answer.
    """
    found = _MODELSCOPE.fullmatch(urlsplit(url).path)
    return _from_list(url, found, timeout) if found else _from_head(url, timeout)


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

"""A GGUF embedding model in a child process, or in the child of another process of this installation."""

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from typing_extensions import override

from jindou.errors import Unavailable
from jindou.models.children import Supervisor
from jindou.models.embeddings.known import EmbeddingModel
from jindou.models.embeddings.types import Count, Embedded, Embedder, EmbedderUnavailable, Kind, TextTooLong, uncounted
from jindou.models.embeddings.wire import ask_embeddings, get, post
from jindou.models.upstreams import Answered, EngineDied, EngineUnavailable, Upstream, translated

__all__ = ["EmbeddingChild", "LocalEmbedder", "announced"]

_CHILD: Final = "jindou.models.embeddings.llamacpp_child"
_WAIT_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.1
_ANNOUNCED_SECONDS: Final = 10.0
_AT_ONCE: Final = 16
"""Texts in one request to the child: so few that another caller need not wait long between two."""
_TRIES: Final = 3
_PAUSE_SECONDS: Final = 0.5
_FRAME: Final = 2
"""Tokens that begin and end a text."""

_T = TypeVar("_T")

Address = Callable[[float], Upstream | None]
"""Says where the model listens, waiting that many seconds until it does; None if it does not."""


class EmbeddingChild:
    """The process with the model. `weights` finds the file, and may fetch it; it is asked when the child starts."""

    def __init__(
        self, model: EmbeddingModel, weights: Callable[[], Path], threads: int, log_path: Path, announcement: Path
    ) -> None:
        self._model = model
        self._weights = weights
        self._threads = threads or max(1, (os.cpu_count() or 1) // 2)
        self.announcement = announcement
        """The file that tells other processes of this installation where the model listens."""
        self._key = secrets.token_urlsafe(32)
        self._path = Path()
        self._lock = threading.Lock()
        self._ended = False
        self._supervisor = Supervisor(_CHILD, self._config, log_path)

    @property
    def state(self) -> str:
        """What the child does now."""
        return self._supervisor.state

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return self._supervisor.restarts

    def rss_bytes(self) -> int | None:
        """Return the memory that it holds; None when it is not there."""
        return self._supervisor.rss_bytes()

    def pid(self) -> int | None:
        """Return its process id; None when it is not there."""
        return self._supervisor.pid

    def start(self) -> None:
        """Start the child unless it runs.

        Raises:
            ModelUnavailable, DiskFull, WrongBytes: there are no weights, as the catalogue says.
        """
        with self._lock:
            if self._supervisor.state == "stopped" and not self._ended:
                self._path = self._weights()
                self._supervisor.start()

    def stop(self) -> None:
        """End the child for good."""
        with self._lock:
            self._ended = True
            self.announcement.unlink(missing_ok=True)
            self._supervisor.stop()

    def address(self, seconds: float) -> Upstream | None:
        """Return where the model listens, starting it if need be; None if it is not there after `seconds`."""
        self.start()
        answer = self._supervisor.wait_ready(seconds)
        if answer is None:
            return None
        self._announce(answer["port"])
        return _loopback(answer["port"], self._key)

    def _announce(self, port: int) -> None:
        told = json.dumps({"model": self._model.name, "port": port, "key": self._key})
        if _read(self.announcement) == told:
            return
        temporary = self.announcement.with_suffix(f".{threading.get_ident()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(told)
        temporary.replace(self.announcement)

    def _config(self) -> Mapping[str, object]:
        return {
            "model_path": str(self._path),
            "key": self._key,
            "tokens": self._model.tokens,
            "threads": self._threads,
        }


def announced(announcement: Path) -> Address:
    """Return what says where the child of another process listens, from the file in which that process tells it."""

    def address(seconds: float) -> Upstream | None:
        deadline = time.monotonic() + min(seconds, _ANNOUNCED_SECONDS)
        while not (told := _read(announcement)):
            if time.monotonic() > deadline:
                return None
            time.sleep(_POLL_SECONDS)
        content: dict[str, Any] = json.loads(told)
        return _loopback(content["port"], content["key"])

    return address


class LocalEmbedder(Embedder):
    """A model that llama.cpp runs, at the `address` of its child."""

    def __init__(self, model: EmbeddingModel, address: Address) -> None:
        self._model = model
        self._address = address
        self._dimensions = model.dimensions

    @property
    @override
    def name(self) -> str:
        return self._model.name

    @property
    @override
    def dimensions(self) -> int:
        return self._dimensions

    @property
    @override
    def max_tokens(self) -> int:
        return self._model.tokens

    @property
    @override
    def shortens(self) -> bool:
        return self._model.shortens

    @override
    def embed(self, texts: Sequence[str], kind: Kind = "passage", count: Count = uncounted) -> Embedded:
        told = [self._model.told(text, kind) for text in texts]
        return self._patiently(lambda upstream: self._embed(upstream, told, count))

    def load(self) -> None:
        """Wait until the model is there, and look how long its vectors are.

        Raises:
            EmbedderUnavailable, EngineDied: it does not come up.
        """
        self._patiently(self._measure)

    def _measure(self, upstream: Upstream) -> None:
        known = get(upstream, "/models")["data"][0]["meta"]
        self._dimensions = int(known["n_embd"])

    def _embed(self, upstream: Upstream, told: list[str], count: Count) -> Embedded:
        given = [self._fitted(upstream, at, text) for at, text in enumerate(told)]
        made = ask_embeddings(upstream, self._model.name, given, _AT_ONCE, count)
        if made.vectors:
            self._dimensions = len(made.vectors[0])
        return made

    def _fitted(self, upstream: Upstream, at: int, text: str) -> str | list[int]:
        """Return a text that fits: as it is, or as its tokens where they had to be counted."""
        if len(text.encode()) + _FRAME <= self._model.tokens:
            # A token has a byte at least.
            return text
        tokens = _tokens(upstream, text)
        if len(tokens) > self._model.tokens:
            raise TextTooLong(self.name, at, len(tokens), self._model.tokens)
        return tokens

    def _patiently(self, ask: Callable[[Upstream], _T]) -> _T:
        """Ask, and ask again when the child was just being replaced: vectors are the same however often one asks."""
        deadline = time.monotonic() + _WAIT_SECONDS
        failure: type[Unavailable] = EmbedderUnavailable
        for left in reversed(range(_TRIES)):
            upstream = self._address(deadline - time.monotonic())
            if upstream is None:
                break
            try:
                return ask(upstream)
            except Answered as error:
                told = translated(error, upstream, self.name).message
                raise failure(f"`{self.name}` could not read this. {told}") from None
            except (EngineUnavailable, EngineDied) as error:
                # What one that died had read is unknown, whatever the next one says.
                failure = EngineDied if isinstance(error, EngineDied) else failure
                if not left:
                    raise failure(error.message) from None
                time.sleep(_PAUSE_SECONDS)
        raise failure(f"The embedding model `{self.name}` is not running: see `jindou doctor`.")


def _loopback(port: int, key: str) -> Upstream:
    return Upstream("http", "127.0.0.1", port, "/v1", key)


def _tokens(upstream: Upstream, text: str) -> list[int]:
    answer = post(replace(upstream, path_prefix=""), "/tokenize", {"content": text, "add_special": True})
    return list(answer["tokens"])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""

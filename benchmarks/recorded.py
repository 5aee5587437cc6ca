"""Answers of an engine, kept: an interrupted run goes on where it was, and a run with nothing new takes seconds.

An answer stands for what was asked of which weights and which build, and so is never asked for twice.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from typing_extensions import override

from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage

__all__ = ["NotKept", "Recorded", "RecordedEngine"]


class NotKept(Exception):
    """There is no such answer, and no engine to ask."""


class Recorded:
    """A file of JSON lines, one an answer, for one model file."""

    def __init__(self, folder: Path, model: str, model_sha256: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{model}.jsonl"
        self._lock = threading.Lock()
        self._stands_on = f"{model_sha256} xllamacpp {version('xllamacpp')}"
        self._answers: dict[str, Any] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError):  # A run that was killed may have left half a line.
                    row = json.loads(line)
                    self._answers[row["key"]] = row["answer"]

    def answer(self, asked: Mapping[str, object], ask: Callable[[], Any]) -> Any:
        """Return the answer to `asked`, from the file or from `ask`."""
        text = f"{self._stands_on} {json.dumps(asked, sort_keys=True)}"
        key = hashlib.sha256(text.encode()).hexdigest()
        if key not in self._answers:
            answer = ask()
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "answer": answer}) + "\n")
                self._answers[key] = answer
        return self._answers[key]


class RecordedEngine(Engine):
    """An engine whose answers are kept; it starts when the first has to be made. Without one there are those only."""

    def __init__(self, engine: Engine | None, recorded: Recorded) -> None:
        self._engine = engine
        self._recorded = recorded
        self._lock = threading.Lock()
        self._started = False

    @override
    def start(self) -> None:
        self._running()

    @override
    def stop(self) -> None:
        if self._engine is not None:
            self._engine.stop()

    @override
    def health(self) -> EngineHealth:
        return self._running().health()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        answer = self._recorded.answer(_asked(request), lambda: self._ask(request))
        tokens = tuple(tuple((text, logprob) for text, logprob in token) for token in answer["tokens"])
        yield TextChunk(answer["text"], tokens)
        yield FinalChunk(answer["finish_reason"], Usage(**answer["usage"]))

    def _running(self) -> Engine:
        if self._engine is None:
            raise NotKept
        with self._lock:
            if not self._started:
                self._engine.start()
                self._started = True
        return self._engine

    def _ask(self, request: EngineRequest) -> dict[str, object]:
        text = ""
        tokens: list[object] = []
        for chunk in self._running().stream(request):
            if isinstance(chunk, FinalChunk):
                usage = asdict(chunk.usage)
                return {"text": text, "tokens": tokens, "finish_reason": chunk.finish_reason, "usage": usage}
            if isinstance(chunk, TextChunk):
                text += chunk.text
                tokens += chunk.tokens
        raise RuntimeError("The engine's stream had no end.")


def _asked(request: EngineRequest) -> dict[str, object]:
    """Return what an answer depends on: fields that are as they always are need not be told."""
    return {name: value for name, value in asdict(request).items() if value != _PLAIN.get(name)}


_PLAIN = asdict(EngineRequest(messages=()))

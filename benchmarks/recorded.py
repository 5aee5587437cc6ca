"""Answers of an engine, kept: an interrupted run goes on where it was, and a run with nothing new takes seconds.

An answer stands for a case, what was asked of the model for it, and the file of the model's weights. They are in one
file for each model and build of the engine, a line an answer, in order, so that they can be kept with the source.
"""

import hashlib
import json
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from typing_extensions import override

from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage

__all__ = ["NotKept", "Recorded"]

_KEY = 16


class NotKept(Exception):
    """There is no such answer, and no engine to ask."""


class Recorded:
    """What a model answered: of any build, and new answers of `build`. Without an `engine` there are the kept ones."""

    def __init__(self, folder: Path, model: str, sha256: str, build: str = "", engine: Engine | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{model}.{build}.jsonl"
        self._sha256 = sha256
        self._engine = engine
        self._lock = threading.Lock()
        self._started = False
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.builds: dict[tuple[str, str], str] = {}
        for path in sorted(folder.glob(f"{model}.*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError):  # A run that was killed may have left half a line.
                    row = json.loads(line)
                    self._rows[row["case"], row["key"]] = row
                    self.builds[row["case"], row["key"]] = path.name.removeprefix(f"{model}.").removesuffix(".jsonl")
        self._build = build

    def engine(self, case: str) -> Engine:
        """Return an engine that answers what is asked for `case`."""
        return _CaseEngine(self, case)

    def row(self, case: str, request: EngineRequest) -> dict[str, Any]:
        """Return the answer to `request`: a kept one, or that of the engine.

        Raises:
            NotKept: there is none, and nobody to ask.
        """
        key = case, self._key(request)
        if key not in self._rows:
            row = {"case": case, "key": key[1], **_ask(self._running(), request)}
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(_line(row))
                self._rows[key], self.builds[key] = row, self._build
        return self._rows[key]

    def stop(self) -> None:
        """End the engine, and put what is new where it belongs in the file."""
        if self._engine is not None:
            self._engine.stop()
        if self._path.exists():
            ours = sorted(key for key, build in self.builds.items() if build == self._build)
            self._path.write_text("".join(_line(self._rows[key]) for key in ours), encoding="utf-8")

    def _key(self, request: EngineRequest) -> str:
        # Fields that are as they always are need not be told, and what is told of chances changes no answer.
        asked = {name: value for name, value in asdict(request).items() if value != _PLAIN.get(name)}
        asked.pop("top_logprobs", None)
        text = f"{self._sha256} {json.dumps(asked, sort_keys=True)}"
        return hashlib.sha256(text.encode()).hexdigest()[:_KEY]

    def _running(self) -> Engine:
        if self._engine is None:
            raise NotKept
        with self._lock:
            if not self._started:
                self._engine.start()
                self._started = True
        return self._engine


class _CaseEngine(Engine):
    def __init__(self, recorded: Recorded, case: str) -> None:
        self._recorded = recorded
        self._case = case

    @override
    def start(self) -> None: ...

    @override
    def stop(self) -> None: ...

    @override
    def health(self) -> EngineHealth:
        return EngineHealth("ready", self._case)

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        row = self._recorded.row(self._case, request)
        prompt, completion = row["usage"]
        if "text" in row:
            yield TextChunk(row["text"])
        for text, chance in zip(row.get("tokens", ()), row.get("chances", ()), strict=True):
            yield TextChunk(text, (((text, chance / 100),),))
        yield FinalChunk(row["end"], Usage(prompt, 0, completion))


def _ask(engine: Engine, request: EngineRequest) -> dict[str, Any]:
    """Return an answer as it is kept: the logarithms of chances in hundredths."""
    text = ""
    tokens: list[Any] = []
    for chunk in engine.stream(request):
        if isinstance(chunk, TextChunk):
            text += chunk.text
            tokens += chunk.tokens
        if isinstance(chunk, FinalChunk):
            end: dict[str, Any] = {"end": chunk.finish_reason, "usage": [chunk.usage.prompt, chunk.usage.completion]}
            return {**end, **_told(tokens, text)}
    raise RuntimeError("The engine's stream had no end.")


def _told(tokens: Sequence[Any], text: str) -> dict[str, Any]:
    """Return what was written, by tokens if they are known and make up the `text`."""
    if not tokens or "".join(token[0][0] for token in tokens) != text:
        return {"text": text}
    return {
        "tokens": [token[0][0] for token in tokens],
        "chances": [round(token[0][1] * 100) for token in tokens],
    }


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


_PLAIN = asdict(EngineRequest(messages=()))

"""How many tokens a build reads and writes for a second of the processor, side by side with the others in one run.

Processor time is taken and not the clock's, since other programs work on the same machine; what they do to the caches
touches every build alike, because the builds take turns and the middle of several turns counts.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final

import psutil

from jindou.models.engines import Engine, EngineConfig, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.serving import open_engine, version_of

__all__ = ["BUILDS", "Build", "Figures", "Setup", "best", "installed", "measure", "setups"]

_WRITTEN: Final = 24
_READ_WORDS: Final = 300
_LIKE: Final = 0.5
"""Of the characters that our own build writes, as many another has to begin with: rounding may tip a close choice."""
_DECODE_SHARE: Final = 0.8
_NEAR: Final = 0.95
_STORY: Final = (
    "the order of a lamp was sent on monday and the customer says that it arrived broken so the clerk looks into the "
    "shop for the amount and the address before anything is paid back while the warehouse counts what is left"
)


@dataclass(frozen=True, slots=True)
class Build:
    """A build of the engine: its entry point, the package it comes in, and how that is had."""

    engine: str
    package: str
    extra: str = ""


BUILDS: Final = (Build("llamacpp", "xllamacpp"), Build("ik", "ik-llama-cpp-python", "fast"))
"""Ours first: what the others write is held against what it writes."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to run the engine."""

    engine: str
    threads: int
    batch: int


@dataclass(slots=True)
class Figures:
    """What a setup does, in tokens: `*_per_cpu_second` by processor time, `*_per_second` by the clock; medians."""

    setup: Setup
    prompt_per_cpu_second: float = 0.0
    decode_per_cpu_second: float = 0.0
    prompt_per_second: float = 0.0
    text: str = ""
    correct: bool = False
    turns: list[tuple[float, float, float]] = field(default_factory=list[tuple[float, float, float]])


def installed(build: Build) -> bool:
    """Say whether a build is installed."""
    return bool(version_of(build.package))


def setups(cores: int | None = None, *, quick: bool = False) -> list[Setup]:
    """Return what is worth a measurement here: every installed build, with small and large batches."""
    threads = cores or os.cpu_count() or 1
    batches = (0,) if quick else (128, 512)
    return [Setup(b.engine, threads, batch) for b in BUILDS if installed(b) for batch in batches]


def measure(
    chosen: Sequence[Setup],
    model: Path,
    log: Path,
    *,
    turns: int = 3,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Figures]:
    """Measure every setup in turns; `tell` hears how many turns of how many are done.

    Raises:
        EngineUnavailable: a setup does not start.
    """
    found = [Figures(setup) for setup in chosen]
    with ExitStack() as stack:
        engines = [_start(stack, setup, model, log) for setup in chosen]
        for turn in range(turns + 1):
            for figures, engine in zip(found, engines, strict=True):
                read, wrote, clock, text = _turn(engine, turn)
                # The first turn also loads the weights from the disk.
                if turn:
                    figures.turns.append((read, wrote, clock))
                figures.text = figures.text or text
            tell(turn + 1, turns + 1)
    for figures in found:
        middle = [statistics.median(column) for column in zip(*figures.turns, strict=True)]
        figures.prompt_per_cpu_second, figures.decode_per_cpu_second, figures.prompt_per_second = middle
        figures.correct = _alike(figures.text, found[0].text)
    return found


def best(found: Sequence[Figures]) -> Figures:
    """Return the setup to use.

    Of those that write what ours writes, and write nearly as fast as the fastest, it is the one that reads the most for
    a second of the processor; among those that are near it, the one that is fastest by the clock.
    """
    right = [figures for figures in found if figures.correct]
    writes = max(figures.decode_per_cpu_second for figures in right)
    able = [figures for figures in right if figures.decode_per_cpu_second >= _DECODE_SHARE * writes]
    reads = max(figures.prompt_per_cpu_second for figures in able)
    near = [figures for figures in able if figures.prompt_per_cpu_second >= _NEAR * reads]
    return max(near, key=lambda figures: figures.prompt_per_second)


def _start(stack: ExitStack, setup: Setup, model: Path, log: Path) -> Engine:
    config = EngineConfig(model.stem, model, 2048, setup.threads, log, slots=1, batch=setup.batch)
    engine = open_engine(setup.engine, config)
    engine.start()
    stack.callback(engine.stop)
    return engine


def _turn(engine: Engine, turn: int) -> tuple[float, float, float, str]:
    """Return tokens read and written for a second of the processor, read for a second of the clock, and the text."""
    known = _STORY.split()
    words = [known[(at * (turn + 3)) % len(known)] for at in range(_READ_WORDS)]
    prompt = f"Note {turn}. {' '.join(words)}. Say in one sentence what this is about."
    before, began = _cpu(engine), time.monotonic()
    _, usage = _ask(engine, prompt, 1)
    middle, ended = _cpu(engine), time.monotonic()
    text, again = _ask(engine, prompt, _WRITTEN)
    after = _cpu(engine)
    read = usage.prompt - usage.cached
    return (
        read / max(middle - before, 1e-3),
        again.completion / max(after - middle, 1e-3),
        read / max(ended - began, 1e-3),
        text,
    )


def _ask(engine: Engine, prompt: str, most: int) -> tuple[str, Usage]:
    text, usage = "", Usage()
    for chunk in engine.stream(EngineRequest(messages=[{"role": "user", "content": prompt}], max_tokens=most)):
        if isinstance(chunk, TextChunk):
            text += chunk.text
        if isinstance(chunk, FinalChunk):
            usage = chunk.usage
    return text, usage


def _cpu(engine: Engine) -> float:
    pid = engine.health().pid
    if pid is None:
        return 0.0
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _alike(text: str, ours: str) -> bool:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, ours, strict=False)))
    return bool(ours) and same >= _LIKE * len(ours)

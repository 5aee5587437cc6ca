"""Fit what the harness weighs before it makes a call, on one half of the leaderboard's cases.

``python benchmarks/fit_deciding.py --date 2026-11-24`` writes the gateway's `deciding.yaml`. What the models wrote is
taken from the answers that `toolcalls.py` kept, as far as they go; the words that a request shares with a tool need no
model, so all cases of that half count for them. Categories weigh the same, however many cases they have, and so do
calling and declining.
"""

import argparse
import math
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bfcl import CATEGORIES, DECLINING, BfclCase, fetch, load
from bfcl_run import ask_of, harnessed
from recorded import NotKept, Recorded, RecordedEngine
from typing_extensions import override

from jindou.models.catalogue import get_entry
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, TextChunk
from jindou.models.gateway import ToolSchema, deciding
from jindou.models.gateway.chances import Token, chances
from jindou.models.gateway.parsing import read

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
NAMES = (
    "name_shared",
    "description_shared",
    "request_shared",
    "arguments_said",
    "name_logprob",
    "say_logprob",
    "arguments_logprob",
)
DECLINE = 0.80
"""As much of what needs no call is to be declined, in the half that is fitted on."""

_RIDGE = 0.02
_STEPS = 1000
_PACE = 1.0


class Row(NamedTuple):
    """The signs of one call, whether its case wants one, and what it stands for."""

    signs: Mapping[str, float]
    wanted: bool
    category: str


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--date", required=True)
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "jindou" / "toolcalls")
    asked = parser.parse_args()
    cases = [case for category in CATEGORIES for case in load(fetch(asked.folder), category)]
    half = [case for case in cases if case.tuning and case.tools]
    worded = [
        Row(deciding.signs(ask_of(case), _likeliest(case), None, None), _wants(case), case.category) for case in half
    ]
    written = [row for model in MODELS for row in _written(model, asked.folder, half)]
    text = _fitted(worded, written, asked.date)
    Path(deciding.__file__).with_name("deciding.yaml").write_text(text, encoding="utf-8")
    print(text)


def _wants(case: BfclCase) -> bool:
    return case.category not in DECLINING


def _likeliest(case: BfclCase) -> ToolSchema:
    """Return the tool that a model would call: the right one or, if none is, the one that shares most."""
    ask = ask_of(case)
    if case.answer:
        right = next(iter(case.answer[0])).replace(".", "_")
        return next(tool for tool in ask.tools if tool.name == right)
    return max(ask.tools, key=lambda tool: sum(deciding.signs(ask, tool, None, None).values()))


def _written(model: str, folder: Path, cases: Iterable[BfclCase]) -> Generator[Row]:
    """Yield a row for each case whose answer is kept: the first call's, or one without signs if there is none."""
    recorded = Recorded(folder, f"ours-{model}", get_entry(model).sha256)
    for case in cases:
        engine = _Listening(RecordedEngine(None, recorded))
        try:
            harnessed(engine, case)  # Hears no further than what was kept.
        except NotKept:
            if not engine.tokens:
                continue
        ask = ask_of(case)
        tools = {tool.name: tool for tool in ask.tools}
        sure = chances(engine.tokens)
        calls = read("".join(token[0][0] for token in engine.tokens), complete=True).calls
        call = next((call for call in calls if call.name in tools), None)
        found = deciding.signs(ask, tools[call.name], call.arguments, sure.get(call.name)) if call else {}
        yield Row(found, _wants(case), case.category)


def _fitted(worded: Sequence[Row], written: Sequence[Row], date: str) -> str:
    called = [row for row in written if row.signs]
    rows = [*worded, *called]
    mean = {name: _mean([row.signs[name] for row in rows if name in row.signs]) for name in NAMES}
    spread = {
        name: math.sqrt(_mean([(row.signs[name] - mean[name]) ** 2 for row in rows if name in row.signs])) or 1.0
        for name in NAMES
    }

    def point(row: Row) -> list[float]:
        return [(row.signs[name] - mean[name]) / spread[name] if name in row.signs else 0.0 for name in NAMES]

    heft = [*_heft(worded), *_heft(called)]
    bias, weights = _logistic([point(row) for row in rows], [row.wanted for row in rows], heft)
    chance = [_sigmoid(bias + _dot(weights, point(row))) if row.signs else 0.0 for row in written]
    least = _least_chance(written, chance)
    lines = [
        "# Weights of the signs for a call, by logistic regression (benchmarks/fit_deciding.py). A sign is counted in",
        "# spreads from its mean, and left out where it can't be told.",
        f"# Fitted {date} on one half of the cases of the Berkeley function-calling leaderboard (bfcl-eval 2026.3.23,",
        f"# Apache-2.0): {len(worded)} for what is shared, {len(called)} calls in {len(written)} for the rest.",
        f"bias: {bias:.4f}",
        f"least_chance: {least:.3f}",
        "signs:",
    ]
    lines += [
        f"  {name}: {{weight: {weight:.4f}, mean: {mean[name]:.4f}, spread: {spread[name]:.4f}}}"
        for name, weight in zip(NAMES, weights, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _heft(rows: Sequence[Row]) -> list[float]:
    """Return what each row weighs: every category as much as any other of its kind, both kinds the same, 1 in all."""
    of = Counter((row.wanted, row.category) for row in rows)
    kinds = Counter(wanted for wanted, _ in of)
    return [1 / of[row.wanted, row.category] / kinds[row.wanted] / 2 for row in rows]


def _logistic(
    points: Sequence[Sequence[float]], wanted: Sequence[bool], heft: Sequence[float]
) -> tuple[float, list[float]]:
    bias, weights = 0.0, [0.0] * len(NAMES)
    total = sum(heft)
    for _ in range(_STEPS):
        slope_bias, slope = 0.0, [_RIDGE * weight for weight in weights]
        for point, is_wanted, share in zip(points, wanted, heft, strict=True):
            error = share / total * (_sigmoid(bias + _dot(weights, point)) - is_wanted)
            slope_bias += error
            for at, value in enumerate(point):
                slope[at] += error * value
        bias -= _PACE * slope_bias
        weights = [weight - _PACE * step for weight, step in zip(weights, slope, strict=True)]
    return bias, weights


def _least_chance(rows: Sequence[Row], chance: Sequence[float]) -> float:
    """Return the chance that keeps most of what is wanted, of those that decline `DECLINE` of what is not."""
    worth: dict[int, float] = {}
    for step in range(1, 100):
        least = step / 100
        kept = _rate([(row, value >= least) for row, value in zip(rows, chance, strict=True) if row.wanted])
        declined = _rate([(row, value < least) for row, value in zip(rows, chance, strict=True) if not row.wanted])
        if declined >= DECLINE:
            worth[step] = kept + declined
    # Several are as good as the best when cases are few; the middle one is the least of an accident.
    best = [step for step, value in worth.items() if value == max(worth.values())]
    return best[len(best) // 2] / 100 if best else 1.0


def _rate(right: Iterable[tuple[Row, bool]]) -> float:
    """Return the share that is right, each category weighing the same."""
    of: dict[str, list[bool]] = {}
    for row, is_right in right:
        of.setdefault(row.category, []).append(is_right)
    return _mean([_mean(values) for values in of.values()])


def _sigmoid(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


@dataclass
class _Listening(Engine):
    """Hears what the model wrote first."""

    engine: Engine
    tokens: list[Token] = field(default_factory=list[Token])

    @override
    def start(self) -> None: ...

    @override
    def stop(self) -> None: ...

    @override
    def health(self) -> EngineHealth:
        return self.engine.health()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        first = not self.tokens
        for chunk in self.engine.stream(request):
            if first and isinstance(chunk, TextChunk):
                self.tokens += chunk.tokens
            yield chunk


if __name__ == "__main__":
    main()

"""Fit what the harness weighs before it makes a call, on one half of the leaderboard's cases.

``python benchmarks/fit_deciding.py --date 2026-11-29`` writes the gateway's `deciding.yaml`. What the models wrote is
taken from the answers that ``toolcalls.py --half tuning`` kept, as far as they go; the words that a request shares with
a tool need no model, so all cases of that half count for them. Categories weigh the same, however many cases they have,
and so do calling and declining; a call that is wrong anyway weighs little. The least chance of a call is chosen by
chances that a case was given by a fit without it.
"""

import argparse
import math
import zlib
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bfcl import CATEGORIES, DECLINING, BfclCase, Checker, fetch, load
from bfcl_run import ask_of, put
from recorded import NotKept, Recorded

from jindou.models.catalogue import get_entry
from jindou.models.gateway import ToolSchema, deciding

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
SIGNS = (
    "name_shared",
    "description_shared",
    "request_shared",
    "arguments_said",
    "name_doubt",
    "arguments_doubt",
    "name_known",
)
DECLINE = 0.78
"""As much of each category that needs no call is to be declined, in the half that is fitted on; then every right call
that can be kept is worth more."""

_RIDGE = 0.02
_STEPS = 1000
_PACE = 1.0
_FOLDS = 5
_WRONG = 0.25
"""What a call weighs that is wanted, but is wrong."""


class Row(NamedTuple):
    """The signs of a case's first call, none if there is no call; whether one is wanted, and this one is right."""

    case: str
    signs: Mapping[str, float]
    wanted: bool
    right: bool
    category: str


Fit = tuple[float, list[float]]


def main() -> None:
    """Fit and write."""
    cache = Path.home() / ".cache" / "jindou"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", required=True)
    parser.add_argument("--answers", type=Path, default=Path(__file__).with_name("answers"))
    parser.add_argument("--cases-dir", type=Path, default=cache / "toolcalls", help="where the leaderboard's wheel is")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    asked = parser.parse_args()
    wheel = fetch(asked.cases_dir)
    checker = Checker(wheel)
    cases = [case for category in CATEGORIES for case in load(wheel, category)]
    half = [case for case in cases if case.tuning and case.tools]
    worded = [Row(case.id, _worded(case), _wants(case), right=True, category=case.category) for case in half]
    written = [row for model in MODELS for row in _written(model, asked.answers, half, checker)]
    text = _fitted(worded, written, asked.date)
    if not asked.dry:
        Path(deciding.__file__).with_name("deciding.yaml").write_text(text, encoding="utf-8")
    print(text)


def _wants(case: BfclCase) -> bool:
    return case.category not in DECLINING


def _worded(case: BfclCase) -> Mapping[str, float]:
    """Return what a case shares with the tool that a model would call: the right one or, if none is, the nearest."""
    ask = ask_of(case)

    def signs(tool: ToolSchema) -> dict[str, float]:
        return deciding.signs(ask, tool, None, None)

    if case.answer:
        right = next(iter(case.answer[0])).replace(".", "_")
        return signs(next(tool for tool in ask.tools if tool.name == right))
    return max(map(signs, ask.tools), key=lambda found: sum(found.values()))


def _written(model: str, folder: Path, cases: Iterable[BfclCase], checker: Checker) -> Generator[Row]:
    """Yield a row for each case whose answers are kept, with the signs that the harness saw."""
    recorded = Recorded(folder, model, get_entry(model).sha256)
    for case in cases:
        try:
            outcome = put(recorded.engine(case.id), case, stand=_wants(case))
        except NotKept:
            continue
        right = checker.passes(case, outcome.calls["bfcl"]) if _wants(case) else True
        yield Row(case.id, outcome.signs, _wants(case), right, case.category)


def _fitted(worded: Sequence[Row], written: Sequence[Row], date: str) -> str:
    called = [row for row in written if row.signs]
    mean = {name: _mean([row.signs[name] for row in (*worded, *called) if name in row.signs]) for name in SIGNS}
    spread = {
        name: math.sqrt(_mean([(row.signs[name] - mean[name]) ** 2 for row in (*worded, *called) if name in row.signs]))
        or 1.0
        for name in SIGNS
    }

    def point(row: Row) -> list[float]:
        return [(row.signs[name] - mean[name]) / spread[name] if name in row.signs else 0.0 for name in SIGNS]

    def fit(fold: int | None) -> Fit:
        kept = [[row for row in rows if fold is None or _fold(row) != fold] for rows in (worded, called)]
        rows = [row for some in kept for row in some]
        return _logistic([point(r) for r in rows], [r.wanted for r in rows], [h for some in kept for h in _heft(some)])

    def chance(row: Row, of: Fit) -> float:
        return _sigmoid(of[0] + _dot(of[1], point(row))) if row.signs else 0.0

    folds = [fit(fold) for fold in range(_FOLDS)]
    unseen = [chance(row, folds[_fold(row)]) for row in written]
    least = _least_chance(written, unseen)
    _tell(written, unseen, least)
    bias, weights = fit(None)
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
        for name, weight in zip(SIGNS, weights, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _tell(written: Sequence[Row], unseen: Sequence[float], least: float) -> None:
    """Print how well each sign, and all together, tell calls that are wanted from others; and what stays."""
    called = [(row, value) for row, value in zip(written, unseen, strict=True) if row.signs]
    for live in (False, True):
        rows = [(row, value) for row, value in called if row.category.startswith("live") == live]
        for name in (*SIGNS, "all, cross-validated"):
            known = [(row, row.signs.get(name, value)) for row, value in rows if name in row.signs or name not in SIGNS]
            yes = [value for row, value in known if row.wanted and row.right]
            no = [value for row, value in known if not row.wanted]
            print(f"{'live' if live else 'base'} {name}: AUC {_auc(yes, no):.3f} ({len(yes)} and {len(no)})")
    for category in CATEGORIES:
        of = [(row, value) for row, value in zip(written, unseen, strict=True) if row.category == category]
        if of and category in DECLINING:
            print(f"{category}: declined {_mean([float(value < least) for _, value in of]):.3f} of {len(of)}")
        elif of:
            right = [row.right for row, _ in of]
            kept = [row.right and value >= least for row, value in of]
            print(f"{category}: right {_mean(right):.3f}, kept {_mean(kept):.3f} of {len(of)}")


def _auc(yes: Sequence[float], no: Sequence[float]) -> float:
    if not yes or not no:
        return math.nan
    return sum((a > b) + 0.5 * (a == b) for a in yes for b in no) / len(yes) / len(no)


def _fold(row: Row) -> int:
    return zlib.crc32(row.case.encode()) % _FOLDS


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _heft(rows: Sequence[Row]) -> list[float]:
    """Return what each row weighs: every category as much as any other of its kind, both kinds the same, 1 in all."""
    of: Counter[tuple[bool, str]] = Counter()
    for row in rows:
        of[row.wanted, row.category] += 1 if row.right else _WRONG  # pyright: ignore[reportArgumentType] - a sum
    kinds = Counter(wanted for wanted, _ in of)
    return [(1 if row.right else _WRONG) / of[row.wanted, row.category] / kinds[row.wanted] / 2 for row in rows]


def _logistic(points: Sequence[Sequence[float]], wanted: Sequence[bool], heft: Sequence[float]) -> Fit:
    bias, weights = 0.0, [0.0] * len(SIGNS)
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
    """Return the chance that keeps most of what is right, of those that decline `DECLINE` of what is not wanted."""
    both = list(zip(rows, chance, strict=True))
    unwanted = {row.category for row in rows if not row.wanted}
    worth: dict[int, float] = {}
    for step in range(1, 100):
        least = step / 100
        declined = [_rate([(row, value < least) for row, value in both if row.category == name]) for name in unwanted]
        if min(declined, default=1.0) >= DECLINE:
            worth[step] = _rate([(row, row.right and value >= least) for row, value in both if row.wanted])
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


if __name__ == "__main__":
    main()

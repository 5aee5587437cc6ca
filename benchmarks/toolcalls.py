"""How often a local model makes the call that a plain request asks for, with the harness between the two.

``python benchmarks/toolcalls.py --json`` ends with one line of JSON. There are two sets of cases:

- the after-sales assistant's: 40 requests in English and Chinese, five for each tool, and ten that need no tool;
- a sample of the Berkeley function-calling leaderboard, under its own checker. `bfcl_` is the harness, `raw_` the tool
  calls of the llama.cpp server by itself, `lenient_` what can be read as calls in the text of that same output.

What the harness has learned it has from one half of the leaderboard's cases (`fit_deciding.py`), so the figures are of
the other half; `n` says how many cases each stands on. Answers of the models are kept: a run can be interrupted and go
on later.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from bfcl import CALLING, CATEGORIES, DECLINING, BfclCase, Checker, fetch, load, sample
from bfcl_run import Calls, harnessed, raw
from raw_server import RawServer
from recorded import NotKept, Recorded, RecordedEngine

from jindou.models.catalogue import get_entry, pull
from jindou.models.engines import Engine, EngineConfig
from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.evaluation import Case, Outcome, Report, evaluate, load_cases
from jindou.models.gateway import ToolSchema
from jindou.packs.ecommerce import pack
from jindou.telemetry import SystemClock

MODELS = {"05b": "qwen2.5-coder-0.5b", "15b": "qwen2.5-coder-1.5b"}
REACH = {"05b": 0.80, "15b": 0.90}
CONTEXT = 8192
AGAINST = "cases of the Berkeley function-calling leaderboard"
FOLDER = pack.folder / "assistants" / "after_sales"


def main() -> None:
    """Measure, show the misses, and end with the figures."""
    asked = _arguments()
    figures: dict[str, dict[str, object]] = {}
    for short in asked.models:
        if "demo" in asked.sets:
            figures |= _demo(short, asked)
        if "bfcl" in asked.sets:
            figures |= _bfcl(short, asked)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} ({figure['reach']}; n = {figure['n']})")


def _arguments() -> argparse.Namespace:
    cache = Path.home() / ".cache" / "jindou"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=sorted(MODELS))
    parser.add_argument("--models-dir", type=Path, default=cache / "models")
    parser.add_argument("--sets", nargs="+", choices=["demo", "bfcl"], default=["demo", "bfcl"])
    parser.add_argument("--categories", nargs="+", choices=CATEGORIES, default=list(CATEGORIES))
    parser.add_argument("--ways", nargs="+", choices=["bfcl", "raw"], default=["bfcl", "raw"], help="harness, server")
    parser.add_argument("--cases", type=int, default=100, help="of the leaderboard, a category")
    parser.add_argument("--half", choices=["report", "tuning"], default="report")
    parser.add_argument("--kept", action="store_true", help="count what was kept, and ask no model")
    parser.add_argument("--answers", type=Path, default=cache / "toolcalls", help="where answers are kept")
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _demo(short: str, asked: argparse.Namespace) -> dict[str, dict[str, object]]:
    tools = _tools()
    with _engine(MODELS[short], asked.models_dir) as engine:
        calls = _measure(engine, tools, load_cases(FOLDER / "evaluation.yaml"))
        abstain = _measure(engine, tools, load_cases(FOLDER / "abstain.yaml"))
    return {
        f"demo_{short}": _figure(calls, f">= {REACH[short]:.2f}", "expected calls"),
        f"abstain_{short}": _figure(abstain, "report", "requests that need no tool"),
    }


def _bfcl(short: str, asked: argparse.Namespace) -> dict[str, dict[str, object]]:
    wheel = fetch(asked.answers)
    checker = Checker(wheel)
    of = [[case for case in load(wheel, name) if case.tuning == (asked.half == "tuning")] for name in asked.categories]
    # One of each category after the other, so that a run which ends early knows something of each.
    rounds = zip_longest(*(sample(cases, asked.cases) for cases in of))
    half = [case for cases in rounds for case in cases if case is not None]
    passed: dict[str, dict[str, list[bool]]] = {}
    with _asking(short, asked) as ways, ThreadPoolExecutor(asked.slots) as pool:
        for ask in ways.values():
            for at, (case, made) in enumerate(zip(half, pool.map(_unless_missing(ask), half), strict=True)):
                marks = {name: checker.passes(case, calls) for name, calls in (made or {}).items()}
                for name, mark in marks.items():
                    passed.setdefault(name, {}).setdefault(case.category, []).append(mark)
                told = " ".join(f"{name} {'ok' if mark else 'miss'}" for name, mark in marks.items())
                print(f"{at + 1}/{len(half)} {case.id} {told}", file=sys.stderr, flush=True)
    return {name: figure for way, of in passed.items() for name, figure in _way_figures(way, short, of)}


@contextmanager
def _asking(short: str, asked: argparse.Namespace) -> Generator[dict[str, Callable[[BfclCase], dict[str, Calls]]]]:
    """Give what asks the model, by the way in which it does; each returns the calls by the names of figures."""
    entry = get_entry(MODELS[short])
    ours, theirs = (Recorded(asked.answers, f"{way}-{entry.name}", entry.sha256) for way in ("ours", "raw"))
    engine, server = RecordedEngine(None, ours), RawServer(None)
    with tempfile.TemporaryDirectory() as folder:
        if not asked.kept:
            path = pull(entry, asked.models_dir, timeout=5.0, report=lambda _: None)
            log = Path(folder) / "engine.log"
            config = EngineConfig(entry.name, path, CONTEXT, asked.threads, log, slots=asked.slots)
            engine = RecordedEngine(LlamaCppEngine(config), ours)
            server = RawServer(path, slots=asked.slots, threads=asked.threads, context_tokens=CONTEXT)
        ways: dict[str, Callable[[BfclCase], dict[str, Calls]]] = {
            "raw": lambda case: dict(zip(("raw", "lenient"), raw(server, theirs, case), strict=True)),
            "bfcl": lambda case: {"bfcl": harnessed(engine, case)},
        }
        try:
            yield {way: ways[way] for way in asked.ways}
        finally:
            engine.stop()
            server.stop()


def _unless_missing(ask: Callable[[BfclCase], dict[str, Calls]]) -> Callable[[BfclCase], dict[str, Calls] | None]:
    def asked(case: BfclCase) -> dict[str, Calls] | None:
        try:
            return ask(case)
        except NotKept:
            return None

    return asked


def _way_figures(way: str, short: str, passed: dict[str, list[bool]]) -> Generator[tuple[str, dict[str, object]]]:
    rate = {category: sum(of) / len(of) for category, of in passed.items()}
    kinds = {"calling": CALLING, "declining": DECLINING}
    for category, of in passed.items():
        reach = ">= lenient" if category in CALLING else ">= 0.75" if category == "irrelevance" else "report"
        yield (
            f"{way}_{short}_{category}",
            _share(rate[category], len(of), reach if way == "bfcl" else "report", AGAINST),
        )
    means: list[float] = []
    for kind, categories in kinds.items():
        known = [category for category in categories if category in rate]
        if known:
            means.append(sum(rate[category] for category in known) / len(known))
            n = sum(len(passed[category]) for category in known)
            yield f"{way}_{short}_{kind}", _share(means[-1], n, "report", "mean of the categories")
    if len(means) == len(kinds):
        reach = ">= lenient + 0.15" if way == "bfcl" else "report"
        n = sum(map(len, passed.values()))
        yield f"{way}_{short}_mean", _share(sum(means) / len(means), n, reach, "mean of calling and declining")


def _tools() -> list[ToolSchema]:
    with tempfile.TemporaryDirectory() as folder:
        opened = pack.open(Path(folder), SystemClock().now())
        tools = [ToolSchema(tool.name, tool.description, tool.schema()) for tool in opened.tools]
        opened.close()
    return tools


@contextmanager
def _engine(model: str, models_dir: Path) -> Generator[Engine]:
    path = pull(get_entry(model), models_dir, timeout=5.0, report=lambda _: None)
    with tempfile.TemporaryDirectory() as folder:
        engine = LlamaCppEngine(EngineConfig(model, path, 4096, 0, Path(folder) / "engine.log", slots=1))
        engine.start()
        try:
            yield engine
        finally:
            engine.stop()


def _measure(engine: Engine, tools: Sequence[ToolSchema], cases: Sequence[Case]) -> Report:
    instructions = (FOLDER / "instructions.md").read_text(encoding="utf-8").strip()
    return evaluate(engine, instructions, tools, cases, report=_tell)


def _tell(outcome: Outcome) -> None:
    made = "; ".join(f"{call.name} {call.arguments}" for call in outcome.calls) or outcome.text
    mark = "ok  " if outcome.passed else "miss"
    print(f"{mark} {outcome.seconds:5.1f} s  {outcome.case.request}  ->  {made}", file=sys.stderr, flush=True)


def _figure(report: Report, reach: str, against: str) -> dict[str, object]:
    return _share(report.rate, len(report.outcomes), reach, against)


def _share(value: float, n: int, reach: str, against: str) -> dict[str, object]:
    return {"value": round(value, 3), "unit": "share", "reach": reach, "against": against, "n": n}


if __name__ == "__main__":
    main()

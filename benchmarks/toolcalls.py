"""How often a local model makes the call that a plain request asks for, with the harness between the two.

``python benchmarks/toolcalls.py --json`` ends with one line of JSON. There are two sets of cases:

- the after-sales assistant's: 40 requests in English and Chinese, five for each tool, and ten that need no tool;
- a sample of the Berkeley function-calling leaderboard, under its own checker. `bfcl_` is the harness, `raw_` what the
  llama.cpp server takes for tool calls by itself, `lenient_` what can be read as calls in the text of that same output.

What the harness has learned it has from one half of the leaderboard's cases (`fit_deciding.py`), so the figures are of
the other half; `n` says how many cases each stands on. ``--half tuning`` is for what it learns from: there every call
stands where one is wanted. The models' answers are kept in `answers`, by model and build of the engine: a run can be
interrupted and goes on later with the cases that are missing, and ``--kept`` counts what is there and asks no model.
``--check-raw 12`` puts some cases to the llama.cpp server itself, and says how often it took the same for calls as
`raw_` has it.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from bfcl import CALLING, CATEGORIES, DECLINING, BfclCase, Checker, fetch, load, sample
from bfcl_run import Calls, put, raw_body
from raw_server import RawServer
from recorded import NotKept, Recorded

from jindou.models.catalogue import get_entry, pull
from jindou.models.engines import Engine, EngineConfig
from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.evaluation import Case, Outcome, Report, evaluate, load_cases
from jindou.models.gateway import ToolSchema
from jindou.models.ik import IkEngine
from jindou.packs.ecommerce import pack
from jindou.telemetry import SystemClock

MODELS = {"05b": "qwen2.5-coder-0.5b", "15b": "qwen2.5-coder-1.5b"}
REACH = {"05b": 0.80, "15b": 0.90}
CONTEXT = 8192
ENGINES = {"ik": IkEngine, "llamacpp": LlamaCppEngine}
_TURN = 20
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
        if name.startswith(("demo", "abstain")):
            print(f"{name}: {figure['value']} ({figure['reach']}; n = {figure['n']})")
    for short in asked.models:
        _table(short, figures)


def _table(short: str, figures: Mapping[str, Mapping[str, object]]) -> None:
    """Print what was made of the leaderboard's cases, a line a category."""
    print(f"\n| {MODELS[short]} | n | raw | lenient | harness |\n|---|---|---|---|---|")
    for name in (*CATEGORIES, "calling", "declining", "mean"):
        of = [figures.get(f"{way}_{short}_{name}") for way in ("raw", "lenient", "bfcl")]
        found = [figure for figure in of if figure is not None]
        if found:
            print(" | ".join([f"| {name}", str(found[0]["n"]), *(f"{figure['value']:.2f}" for figure in found)]), "|")


def _arguments() -> argparse.Namespace:
    cache = Path.home() / ".cache" / "jindou"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=sorted(MODELS))
    parser.add_argument("--models-dir", type=Path, default=cache / "models")
    parser.add_argument("--sets", nargs="+", choices=["demo", "bfcl"], default=["demo", "bfcl"])
    parser.add_argument("--categories", nargs="+", choices=CATEGORIES, default=list(CATEGORIES))
    parser.add_argument("--cases", type=int, default=105, help="of the leaderboard, a category")
    parser.add_argument("--half", choices=["report", "tuning"], default="report")
    parser.add_argument("--kept", action="store_true", help="count what was kept, and ask no model")
    parser.add_argument("--answers", type=Path, default=Path(__file__).with_name("answers"), help="where they are kept")
    parser.add_argument("--cases-dir", type=Path, default=cache / "toolcalls", help="where the leaderboard's wheel is")
    parser.add_argument("--check-raw", type=int, default=0, metavar="N", help="cases to put to the server itself")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="ik" if find_spec("ik_llama_cpp") else "llamacpp")
    parser.add_argument("--slots", type=int, default=1)
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
    wheel = fetch(asked.cases_dir)
    checker = Checker(wheel)
    of = [[case for case in load(wheel, name) if case.tuning == (asked.half == "tuning")] for name in asked.categories]
    half = list(_in_turns([sample(cases, asked.cases) for cases in of]))
    passed: dict[str, dict[str, list[bool]]] = {}
    with _answers(short, asked) as recorded, ThreadPoolExecutor(asked.slots) as pool:
        made = pool.map(partial(_put, recorded), half)
        for at, (case, ways) in enumerate(zip(half, made, strict=True)):
            if ways is None:
                continue
            marks = {way: checker.passes(case, calls) for way, calls in ways.items()}
            for way, mark in marks.items():
                passed.setdefault(way, {}).setdefault(case.category, []).append(mark)
            told = " ".join(f"{way} {'ok' if mark else 'miss'}" for way, mark in marks.items())
            print(f"{at + 1}/{len(half)} {case.id} {told}", file=sys.stderr, flush=True)
        print(f"{MODELS[short]}: answers of {dict(Counter(recorded.builds.values()))}", file=sys.stderr)
        if asked.check_raw:
            _check_raw(short, asked, recorded, half)
    return {name: figure for way, of in passed.items() for name, figure in _way_figures(way, short, of)}


def _in_turns(of: Sequence[Sequence[BfclCase]]) -> Generator[BfclCase]:
    """Yield some cases of each category and then some more, so that a run which ends early knows something of each.

    Within a turn those with the same tools follow one another, so that the engine need not read them again.
    """
    for begin in range(0, max(map(len, of)), _TURN):
        turn = [case for cases in of for case in cases[begin : begin + _TURN]]
        yield from sorted(turn, key=lambda case: json.dumps([case.tools, case.messages]))


@contextmanager
def _answers(short: str, asked: argparse.Namespace) -> Generator[Recorded]:
    """Give the answers that are kept, and a model that is asked for the others."""
    entry = get_entry(MODELS[short])
    with tempfile.TemporaryDirectory() as folder:
        engine: Engine | None = None
        if not asked.kept:
            path = pull(entry, asked.models_dir, timeout=5.0, report=lambda _: None)
            log = Path(folder) / "engine.log"
            engine = ENGINES[asked.engine](EngineConfig(entry.name, path, CONTEXT, asked.threads, log, asked.slots))
        build = "" if asked.kept else f"{asked.engine}-{version(ENGINES[asked.engine].build)}"
        recorded = Recorded(asked.answers, entry.name, entry.sha256, build, engine)
        try:
            yield recorded
        finally:
            recorded.stop()


def _put(recorded: Recorded, case: BfclCase) -> dict[str, Calls] | None:
    try:
        return put(recorded.engine(case.id), case, stand=case.tuning and case.answer is not None).calls
    except NotKept:
        return None


def _check_raw(short: str, asked: argparse.Namespace, recorded: Recorded, cases: Sequence[BfclCase]) -> None:
    """Put the first of `cases` to the server itself, and tell in how many it makes the calls that we count as its."""
    path = pull(get_entry(MODELS[short]), asked.models_dir, timeout=5.0, report=lambda _: None)
    server = RawServer(path, threads=asked.threads, context_tokens=CONTEXT)
    chosen = [case for case in cases if case.tools][: asked.check_raw]
    same = 0
    try:
        for case in chosen:
            message = server.chat(raw_body(case))["message"]
            made = [call["function"]["name"] for call in message.get("tool_calls") or ()]
            counted = [name for name, _ in (_put(recorded, case) or {"raw": []})["raw"]]
            same += made == counted
            print(f"{case.id}: {made or message.get('content')}", file=sys.stderr, flush=True)
    finally:
        server.stop()
    print(f"The server made the same calls in {same} of {len(chosen)} cases.", file=sys.stderr)


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

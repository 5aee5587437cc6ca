"""How often a local model makes the call that a plain request asks for, with the harness between the two.

``python benchmarks/toolcalls.py --json`` ends with one line of JSON. The cases are those of the after-sales assistant:
40 requests in English and Chinese, five for each tool, and ten requests that need no tool.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jindou.models.catalogue import get_entry, pull
from jindou.models.engines import Engine, EngineConfig
from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.evaluation import Case, Outcome, Report, evaluate, load_cases
from jindou.models.gateway import ToolSchema
from jindou.packs.ecommerce import pack
from jindou.telemetry import SystemClock

MODELS = {"05b": "qwen2.5-coder-0.5b", "15b": "qwen2.5-coder-1.5b"}
REACH = {"05b": 0.80, "15b": 0.90}
FOLDER = pack.folder / "assistants" / "after_sales"


def main() -> None:
    """Measure, show the misses, and end with the figures."""
    asked = _arguments()
    tools = _tools()
    figures: dict[str, dict[str, object]] = {}
    for short in asked.models:
        with _engine(MODELS[short], asked.models_dir) as engine:
            calls = _measure(engine, tools, load_cases(FOLDER / "evaluation.yaml"))
            abstain = _measure(engine, tools, load_cases(FOLDER / "abstain.yaml"))
        figures[f"demo_{short}"] = _figure(calls, f">= {REACH[short]:.2f}", "expected calls")
        figures[f"abstain_{short}"] = _figure(abstain, "report", "requests that need no tool")
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} ({figure['reach']})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=sorted(MODELS))
    parser.add_argument("--models-dir", type=Path, default=Path.home() / ".cache" / "jindou" / "models")
    return parser.parse_args()


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
    return {"value": round(report.rate, 3), "unit": "share", "reach": reach, "against": against}


if __name__ == "__main__":
    main()

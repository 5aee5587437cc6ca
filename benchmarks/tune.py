"""Prompt tokens for a second of the processor: the engine that `jindou models tune` picks, beside every build there is.

``python benchmarks/tune.py --json`` ends with one line of JSON. The builds take turns in one run; a figure is the
median of the turns. `prompt_vs_fastest` holds the pick against the fastest of all, among them ik_llama.cpp's library
without any server around it; `default_vs_fastest` is the same for what is installed without the extra `fast`.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from jindou.models.catalogue import get_entry, pull
from jindou.models.ik.library import Library, Row
from jindou.models.tuning import Figures, best, measure, setups

_MODEL = "qwen2.5-coder-0.5b"
_BATCH = 512
_TOKENS = 400


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, or with ``--json`` one line."""
    parser = argparse.ArgumentParser(description="Hold the tuned engine against every build.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--turns", type=int, default=3, help="times that each build is measured")
    parser.add_argument("--models", type=Path, default=Path.home() / ".cache/jindou/models", help="folder of models")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.bare:
        print(json.dumps(_bare(given.bare, given.turns)))
        return 0
    os.nice(10)
    path = pull(get_entry(_MODEL), given.models, timeout=5.0, report=lambda _: None)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(setups(), path, Path(folder) / "engine.log", turns=given.turns)
    bare = _bare_apart(path, given.turns) if find_spec("ik_llama_cpp") else 0.0
    report = _report(found, bare)
    for figures in found:
        setup = figures.setup
        read, wrote = figures.prompt_per_cpu_second, figures.decode_per_cpu_second
        print(f"{setup.engine:<10} batch {setup.batch:>4}: {read:6.1f} read, {wrote:5.1f} written", file=sys.stderr)
    print(f"{'ik, bare':<10} batch {_BATCH:>4}: {bare:6.1f} read", file=sys.stderr)
    print(json.dumps(report) if given.json else json.dumps(report, indent=2))
    return 0


def _report(found: Sequence[Figures], bare: float) -> dict[str, object]:
    picked = best(found)
    fastest = max(bare, *(figures.prompt_per_cpu_second for figures in found))
    ours = max(figures.prompt_per_cpu_second for figures in found if figures.setup.engine == "llamacpp")
    builds = sorted({figures.setup.engine for figures in found}) + (["ik, bare"] if bare else [])
    against = f"the fastest of {', '.join(builds)}: {fastest:.1f} tokens a CPU second"
    how = f"`{picked.setup.engine}` with batches of {picked.setup.batch}, as picked"
    return {
        "prompt_vs_fastest": _figure(picked.prompt_per_cpu_second / fastest, "share", ">= 0.8", against),
        "default_vs_fastest": _figure(ours / fastest, "share", "report", against),
        "prompt_per_cpu_second": _figure(picked.prompt_per_cpu_second, "tokens", "report", how),
        "decode_per_cpu_second": _figure(picked.decode_per_cpu_second, "tokens", "report", how),
        "default_prompt_per_cpu_second": _figure(ours, "tokens", "report", "without the extra `fast`"),
    }


def _figure(value: float, unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": round(value, 3), "unit": unit, "reach": reach, "against": against}


def _bare_apart(model: Path, turns: int) -> float:
    command = [sys.executable, __file__, "--bare", str(model), "--turns", str(turns)]
    environment = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    told: float = json.loads(ended.stdout.splitlines()[-1])
    return told


def _bare(model: Path, turns: int) -> float:
    """Read a prompt with nothing around the library; return the median of tokens for a second of the processor."""
    threads = os.cpu_count() or 1
    library = Library(str(model), context_tokens=1024, slots=1, threads=threads, batch=_BATCH)
    tokens = library.tokenize("the clerk looks into the shop for the amount and the address of the order " * 60)[
        :_TOKENS
    ]
    rows = [Row(token, at, 0, at == len(tokens) - 1) for at, token in enumerate(tokens)]
    found: list[float] = []
    for _ in range(turns + 1):
        library.cut(0, 0)
        before = _spent()
        library.decode(rows)
        found.append(len(rows) / (_spent() - before))
    return statistics.median(found[1:])


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())

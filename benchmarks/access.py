"""Random people, assistants, tools and rows through every door, against an oracle written from the documentation alone.

``python benchmarks/access.py --json`` ends with one line of JSON:

- `leaks`: answers and effects that the oracle forbids, of 10,000 cases;
- `wrong_refusals`: refusals of what it allows.

Each case is drawn by its number: a call asked about at `/api/decisions`, a run whose model proposes it and the people
who approve it, a list or a row read by the API, a page, the Python client or a command, and a key at the gateway. There
are three organisations, with people of random roles and teams. Of each kind of disagreement the smallest case is told
with its number; ``--seed 7 --only 123`` tries it again.
"""

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any


def main() -> None:
    """Try, and end with the figures."""
    asked = _arguments()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    access: Any = importlib.import_module("support.access")
    numbers = range(asked.cases) if asked.only is None else [asked.only]
    found: list[Any] = []
    doors: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, access.open_company(Path(folder) / "home", asked.seed) as company:
        for door, disagreements in access.fuzz(company, asked.seed, numbers):
            doors[door] += 1
            found += disagreements
            if doors.total() % 1000 == 0:
                _say(f"{doors.total()} cases in {time.monotonic() - began:.0f} s, {len(found)} disagreements")
    _say(", ".join(f"{door} {count}" for door, count in doors.most_common()))
    for one, count in access.smallest(found):
        again = f"--seed {asked.seed} --only {one.number}"
        _say(f"{one.kind} ({count}) at {one.door}, {one.what}; smallest: {again}\n  {one.case}")
    kinds = Counter(one.kind for one in found)
    figures = {
        "leaks": _figure(kinds["leak"], doors.total()),
        "wrong_refusals": _figure(kinds["wrong refusal"], doors.total()),
    }
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} ({figure['reach']}; {figure['against']})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=int, help="the number of one case")
    return parser.parse_args()


def _figure(value: int, cases: int) -> dict[str, object]:
    return {"value": value, "unit": "cases", "reach": "== 0", "against": f"an oracle, {cases} cases"}


def _say(told: str) -> None:
    print(told, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

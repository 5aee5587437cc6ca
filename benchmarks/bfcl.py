"""Cases of the Berkeley function-calling leaderboard with its own checker, read out of its wheel.

The wheel (Apache-2.0) asks for some thirty packages that neither cases nor checker need, so it is downloaded by itself,
held against its hash, and never installed. Names and types are put as the leaderboard puts them for clients of OpenAI:
no dots in names, JSON's types.
"""

import hashlib
import importlib
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

__all__ = ["CALLING", "CATEGORIES", "DECLINING", "BfclCase", "Checker", "fetch", "load", "sample"]

VERSION = "2026.3.23"
SHA256 = "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a"
CALLING = ("simple", "multiple", "parallel", "live_simple", "live_multiple", "live_parallel")
DECLINING = ("irrelevance", "live_irrelevance")
CATEGORIES = (*CALLING, *DECLINING)
_FILES = {"simple": "simple_python"}
_SEED = 20261124
_TYPES = {
    "dict": "object",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "any": "string",
}


@dataclass(frozen=True, slots=True)
class BfclCase:
    """A conversation, the tools in OpenAI's form, and the leaderboard's own description and answer.

    `tuning` says which half a case is in: what is fitted is fitted on one half and reported on the other.
    """

    id: str
    category: str
    tuning: bool
    messages: Sequence[Mapping[str, object]]
    tools: Sequence[Mapping[str, Any]]
    functions: Sequence[Mapping[str, Any]]
    answer: Sequence[Mapping[str, Any]] | None


def fetch(folder: Path) -> Path:
    """Return the leaderboard's wheel in `folder`; it is downloaded if it is not there yet."""
    path = folder / f"bfcl_eval-{VERSION}-py3-none-any.whl"
    if not path.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        subprocess.run([*command, f"bfcl-eval=={VERSION}"], check=True)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{path} is not the wheel that these figures stand on.")
    return path


def load(wheel: Path, category: str) -> list[BfclCase]:
    """Return every case of `category`."""
    name = f"BFCL_v4_{_FILES.get(category, category)}.json"
    with zipfile.ZipFile(wheel) as archive:
        rows = _rows(archive, f"bfcl_eval/data/{name}")
        answers: dict[str, Any] = {}
        if category in CALLING:
            answers = {
                row["id"]: row["ground_truth"] for row in _rows(archive, f"bfcl_eval/data/possible_answer/{name}")
            }
    return [_case(row, category, answers.get(row["id"])) for row in rows]


def sample(cases: Sequence[BfclCase], most: int) -> list[BfclCase]:
    """Return `most` of `cases`, in an order that depends on their ids alone; a smaller sample begins a larger one."""
    ranked = sorted(cases, key=lambda case: hashlib.sha256(f"{_SEED} {case.id}".encode()).digest())
    return ranked[:most]


class Checker:
    """The leaderboard's checker of calls."""

    def __init__(self, wheel: Path) -> None:
        sys.path.insert(0, str(wheel))
        # The module that lists every model on the leaderboard imports a client of each; the checker asks it one thing.
        listed = ModuleType("bfcl_eval.constants.model_config")
        listed.__dict__["MODEL_CONFIG_MAPPING"] = {"openai": SimpleNamespace(underscore_to_dot=True)}
        sys.modules[listed.__name__] = listed
        self._check: Any = importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker").ast_checker
        self._python: Any = importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON

    def passes(self, case: BfclCase, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
        """Return whether `calls` are right; where none is asked for, whether there are none."""
        if case.answer is None:
            return not calls
        output = [{name: dict(arguments)} for name, arguments in calls]
        if not output:
            return False
        try:
            verdict = self._check(
                list(case.functions), output, list(case.answer), self._python, case.category, "openai"
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            # It trips over an argument of a shape that it does not foresee, which is no right one.
            return False
        return bool(verdict["valid"])


def _rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).decode().splitlines() if line.strip()]


def _case(row: Mapping[str, Any], category: str, answer: Sequence[Mapping[str, Any]] | None) -> BfclCase:
    return BfclCase(
        id=row["id"],
        category=category,
        tuning=random.Random(f"half {row['id']}").random() < 0.5,  # noqa: S311, PLR2004 - halves, no secret
        messages=row["question"][0],
        tools=[{"type": "function", "function": _function(function)} for function in row["function"]],
        functions=row["function"],
        answer=answer,
    )


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": function["name"].replace(".", "_"),
        "description": function["description"],
        "parameters": _typed(function["parameters"]),
    }


def _typed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return `schema` in JSON's types, as deep as it goes."""
    typed = dict(schema)
    stated = typed.get("type", "string")
    typed["type"] = _TYPES.get(stated, stated)
    if isinstance(typed.get("properties"), dict):
        properties = cast("dict[str, dict[str, Any]]", typed["properties"])
        typed["properties"] = {name: _typed(inner) for name, inner in properties.items()}
    if isinstance(typed.get("items"), dict):
        typed["items"] = _typed(cast("dict[str, Any]", typed["items"]))
    return typed

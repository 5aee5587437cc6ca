"""Cases through the gateway, and what came of them held against what was expected."""

import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from jindou.errors import Invalid
from jindou.models.engines import Engine
from jindou.models.evaluation.types import Case, ExpectedCall, Outcome, Report
from jindou.models.gateway import CompletionAsk, ToolCall, ToolSchema, complete

__all__ = ["evaluate", "load_cases"]

_MAX_TOKENS = 256
_CASES = TypeAdapter(list[Case])


def load_cases(path: Path) -> list[Case]:
    """Return the cases in the YAML file `path`.

    Raises:
        Invalid: it is no list of cases; the message says where.
    """
    try:
        return _CASES.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise Invalid(f"{path.name} is no list of cases: {error}", field="cases") from None


def evaluate(
    engine: Engine,
    instructions: str,
    tools: Sequence[ToolSchema],
    cases: Sequence[Case],
    *,
    report: Callable[[Outcome], None] = lambda _: None,
) -> Report:
    """Return how the engine's model does with `cases`; `report` hears of each as it is done. No tool is run."""
    outcomes: list[Outcome] = []
    for case in cases:
        outcomes.append(_outcome(engine, instructions, tools, case))
        report(outcomes[-1])
    return Report(model=engine.health().model, outcomes=outcomes)


def _outcome(engine: Engine, instructions: str, tools: Sequence[ToolSchema], case: Case) -> Outcome:
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": case.request}]
    begun = time.monotonic()
    completion = complete(engine, CompletionAsk(messages, tools, max_tokens=_MAX_TOKENS))
    return Outcome(
        case=case,
        passed=_passed(case.call, completion.calls, {tool.name: tool for tool in tools}),
        calls=[ExpectedCall(name=call.name, arguments=call.arguments) for call in completion.calls],
        text=completion.text,
        notices=[notice.code for notice in completion.notices],
        seconds=time.monotonic() - begun,
    )


def _passed(expected: ExpectedCall | None, calls: Sequence[ToolCall], tools: Mapping[str, ToolSchema]) -> bool:
    if expected is None:
        return not calls
    if len(calls) != 1 or calls[0].name != expected.name:
        return False
    properties: Any = tools[expected.name].parameters.get("properties", {})
    wanted = expected.arguments
    given = calls[0].arguments
    return all(
        _same(wanted[name], given[name])
        if name in wanted and name in given
        # An argument at its default says nothing.
        else name not in wanted and given[name] == properties.get(name, {}).get("default", ...)
        for name in wanted.keys() | given.keys()
    )


def _same(wanted: object, given: object) -> bool:
    if wanted == "*":
        return isinstance(given, str) and given.strip() != ""
    if isinstance(wanted, int | float) and isinstance(given, int | float):
        return abs(wanted - given) < 1e-9  # noqa: PLR2004 - floats that show the same digits
    return _bare(wanted) == _bare(given)


def _bare(value: object) -> str:
    """Return letters and digits alone: spaces, case and marks make no difference."""
    plain = unicodedata.normalize("NFKC", str(value)).casefold()
    return "".join(sign for sign in plain if sign.isalnum())

"""What must survive when the past is put into notes, taken from the journal by the platform and never from a model."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from jindou.agents.runs.fold import Journalled, counting
from jindou.agents.runs.tables import StepRow

__all__ = ["cut", "facts_of", "ids_in", "leaves", "outcome_of"]

_ID = re.compile(r"(?=.*[^\W\d_])(?=.*\d)[\w.@#:/+-]{3,64}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*")
_MOST_IDS = 50
"""Of one result. A list of more is looked at again, not remembered."""

_TEXT_BYTES = 300
"""As much of one text as an argument of a call, or an earlier request, is remembered with."""


def facts_of(
    known: Mapping[str, Any], journals: Sequence[Journalled], only_reads: Callable[[str], bool], most_bytes: int
) -> dict[str, Any]:
    """Return what a person asked, what was changed or refused, and the ids that were read, in runs that are over.

    `known` is the same of what was before them. Each of the three keeps its newest, in `most_bytes` of JSON together;
    `left_out` counts the others.
    """
    requests = [*known.get("requests", []), *(cut(text, _TEXT_BYTES) for text in _requests(journals))]
    effects = [*known.get("effects", []), *_effects(journals, only_reads)]
    read = (ids_in(step.response.get("result")) for _, steps in journals for step in counting(steps))
    # An id that was read again is as new as its last reading.
    ids = list(dict.fromkeys(reversed([*known.get("ids", []), *(one for of in read for one in of)])))[::-1]
    kept = [_newest(entries, most_bytes // 3) for entries in (requests, effects, ids)]
    left_out = int(known.get("left_out", 0)) + sum(map(len, (requests, effects, ids))) - sum(map(len, kept))
    return {"requests": kept[0], "effects": kept[1], "ids": kept[2], "left_out": left_out}


def ids_in(result: object) -> list[str]:
    """Return the values of a result that name things: words of letters and digits, and what a field calls an id."""
    found = [text for field, text in leaves(result) if _is_id(field, text)]
    return list(dict.fromkeys(found))[:_MOST_IDS]


def outcome_of(step: StepRow) -> dict[str, object]:
    """Return how a tool's call ended, without what it told."""
    told = {name: step.response[name] for name in ("error", "took_effect", "note") if name in step.response}
    return {"outcome": step.status, **told}


def leaves(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text and number in a result, with the name of the field it stands in."""
    match value:
        case dict():
            for name, inner in cast("dict[str, object]", value).items():
                yield from leaves(inner, name)
        case list():
            for inner in cast("list[object]", value):
                yield from leaves(inner, field)
        case _:
            yield field, str(value)


def cut(text: str, most_bytes: int, note: str = "…") -> str:
    """Return `text`, or as much of its beginning as `most_bytes` hold, with a note that there was more."""
    whole = text.encode()
    return text if len(whole) <= most_bytes else whole[:most_bytes].decode(errors="ignore") + note


def _requests(journals: Iterable[Journalled]) -> Iterator[str]:
    for run, steps in journals:
        if run.undoes is None:
            yield run.message
            yield from (str(step.response["text"]) for step in counting(steps) if step.kind == "message")


def _effects(journals: Iterable[Journalled], only_reads: Callable[[str], bool]) -> Iterator[dict[str, object]]:
    for run, steps in journals:
        for step in counting(steps):
            if step.kind == "tool" and not only_reads(step.name):
                arguments = {name: _brief(value) for name, value in step.request["arguments"].items()}
                call = {"run": run.id, "step": step.n, "tool": step.name, "arguments": arguments}
                yield call | outcome_of(step)


def _brief(value: object) -> object:
    return cut(value, _TEXT_BYTES) if isinstance(value, str) else value


def _is_id(field: str, text: str) -> bool:
    if field == "id" or field.endswith("_id"):
        return True
    return _ID.fullmatch(text) is not None and _DATE.fullmatch(text) is None


def _newest(entries: Sequence[Any], most_bytes: int) -> list[Any]:
    kept: list[Any] = []
    for entry in reversed(entries):
        most_bytes -= len(json.dumps(entry, ensure_ascii=False).encode())
        if most_bytes < 0:
            break
        kept.append(entry)
    return kept[::-1]

"""Where the arguments of a call come from: found in the journal by the platform, never told by a model."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import cast

from jindou.agents.approvals import Origin
from jindou.agents.runs.segment import State
from jindou.agents.runs.tables import StepRow
from jindou.agents.tools import Tool
from jindou.models.gateway import stands_in

__all__ = ["origins_of"]


def origins_of(state: State, tools: Sequence[Tool], arguments: Mapping[str, object]) -> dict[str, Origin]:
    """Return where each argument of a call stood before the model wrote it.

    What the person wrote counts first; then the results of this run's tools, the newest first. A value that stands in
    both is the person's. Equal values can have different causes: this tells where one could be read, no more. An undo
    takes its arguments from the journal itself.
    """
    if state.run.undoes is not None:
        return {name: Origin(source="record") for name in arguments}
    said = [state.run.message, *(run.message for run, _ in state.earlier)]
    records = {tool.name: tool.records for tool in tools}
    results = [step for step in reversed(state.steps) if step.kind == "tool" and step.status == "done"]
    return {name: _origin(value, said, results, records) for name, value in arguments.items()}


def _origin(
    value: object, said: Sequence[str], results: Sequence[StepRow], records: Mapping[str, Collection[str]]
) -> Origin:
    if any(stands_in(value, text) for text in said):
        return Origin(source="person")
    for step in results:
        fields = {field for field, text in _leaves(step.response.get("result")) if stands_in(value, text)}
        if fields:
            kept = fields <= set(records.get(step.name, ()))
            return Origin(source="record" if kept else "tool", step=step.n)
    return Origin(source="model")


def _leaves(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text and number in a result, with the name of the field it stands in."""
    match value:
        case dict():
            for name, inner in cast("dict[str, object]", value).items():
                yield from _leaves(inner, name)
        case list():
            for inner in cast("list[object]", value):
                yield from _leaves(inner, field)
        case _:
            yield field, str(value)

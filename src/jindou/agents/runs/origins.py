"""Where the arguments of a call come from: found in the journal by the platform, never told by a model."""

from collections.abc import Collection, Mapping, Sequence

from jindou.agents.approvals import Origin
from jindou.agents.runs.facts import leaves
from jindou.agents.runs.segment import State
from jindou.agents.runs.shown import notes_of
from jindou.agents.runs.tables import StepRow
from jindou.agents.tools import Tool
from jindou.models.gateway import stands_in

__all__ = ["origins_of"]


def origins_of(state: State, tools: Sequence[Tool], arguments: Mapping[str, object]) -> dict[str, Origin]:
    """Return where each argument of a call stood before the model wrote it.

    What the person wrote counts first; then the results of this run's tools, the newest first. A value that stands in
    both is the person's. Equal values can have different causes: this tells where one could be read, no more. An undo
    takes its arguments from the journal itself. Of notes only the person's own words count, which the platform took
    from the journal: what a model wrote of the past is nobody's word.
    """
    if state.run.undoes is not None:
        return {name: Origin(source="record") for name in arguments}
    notes = notes_of([*state.earlier, (state.run, state.steps)])
    noted: Sequence[str] = notes.facts["requests"] if notes is not None else ()
    said = [state.run.message, *(run.message for run, _ in state.earlier), *noted]
    records = {tool.name: tool.records for tool in tools}
    results = [step for step in reversed(state.steps) if step.kind == "tool" and step.status == "done"]
    return {name: _origin(value, said, results, records) for name, value in arguments.items()}


def _origin(
    value: object, said: Sequence[str], results: Sequence[StepRow], records: Mapping[str, Collection[str]]
) -> Origin:
    if any(stands_in(value, text) for text in said):
        return Origin(source="person")
    for step in results:
        fields = {field for field, text in leaves(step.response.get("result")) if stands_in(value, text)}
        if fields:
            kept = fields <= set(records.get(step.name, ()))
            return Origin(source="record" if kept else "tool", step=step.n)
    return Origin(source="model")

"""In whatever order calls end, the same comes next."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jindou.agents.runs.fold import Action, AskModel, CallTools, Finish, next_action
from jindou.agents.runs.shown import messages_of
from jindou.agents.runs.tables import RunRow, StepRow

EFFECTS = frozenset({"refund"})
NAMES = st.lists(st.sampled_from(["look", "refund"]), min_size=1, max_size=6)
ENDS = st.sampled_from(["done", "failed", "denied", "expired", "waiting"])


def run() -> RunRow:
    return RunRow(
        id="run_1", message="Do it", rules=[], status="running", cancel_requested=False, pause_requested=False
    )


def asked(names: list[str]) -> StepRow:
    calls: list[Any] = [{"id": f"call_{i}", "name": name, "arguments": {}} for i, name in enumerate(names)]
    return StepRow(id="stp_1", n=1, kind="model", status="done", request={}, response={"calls": calls}, rules=[])


def made(n: int, call: str, name: str, status: str) -> StepRow:
    return StepRow(
        id=f"stp_{n}", n=n, kind="tool", name=name, status=status, request={"call": call}, response={}, rules=[]
    )


def following(steps: list[StepRow]) -> Action:
    return next_action(run(), steps, 100, None, EFFECTS)


@given(names=NAMES, data=st.data())
def test_every_call_is_made_once_and_what_changes_something_is_alone(names: list[str], data: st.DataObject) -> None:
    steps = [asked(names)]
    begun: list[str] = []
    while isinstance(action := following(steps), CallTools):
        batch = [of for of in action.calls if of.step is None]
        if not batch:
            assert all(of.step is not None and of.step.status == "waiting" for of in action.calls)
            for of in action.calls:
                assert of.step is not None
                of.step.status = "done"
            continue
        assert len(batch) == 1 or not EFFECTS & {of.call.name for of in batch}
        for of in batch:
            begun.append(of.call.id)
            steps.append(made(len(steps) + 1, of.call.id, of.call.name, "started"))
        fresh = steps[-len(batch) :]
        for step in data.draw(st.permutations(fresh)):
            again = following(steps)
            assert isinstance(again, CallTools)
            # A process that comes anew at any time makes those that have not ended, and no further one.
            open_steps = [one.id for one in fresh if one.status == "started"]
            assert [of.step.id for of in again.calls if of.step] == open_steps
            step.status = data.draw(ENDS)
    assert begun == [f"call_{i}" for i in range(len(names))]
    assert isinstance(action, AskModel)


@given(names=NAMES, data=st.data())
def test_what_comes_next_and_what_the_model_reads_depend_on_the_ends_and_not_on_their_order(
    names: list[str], data: st.DataObject
) -> None:
    statuses = [data.draw(ENDS | st.just("refused")) for _ in names]
    steps = [asked(names)]
    steps += [made(i + 2, f"call_{i}", name, "started") for i, name in enumerate(names)]
    expected = [asked(names)]
    expected += [made(i + 2, f"call_{i}", n, s) for i, (n, s) in enumerate(zip(names, statuses, strict=True))]
    for i in data.draw(st.permutations(range(len(names)))):
        steps[i + 1].status = statuses[i]
    assert shape(following(steps)) == shape(following(expected))
    assert messages_of("Be kind.", [(run(), steps)]) == messages_of("Be kind.", [(run(), expected)])


def shape(action: Action) -> object:
    match action:
        case CallTools(calls):
            return [(of.call.id, of.step.id if of.step else None) for of in calls]
        case Finish():
            return action
        case _:
            return type(action)

"""What comes next is a function of the journal alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from jindou.agents.runs.fold import AskModel, CallTools, Compact, Finish, Journalled, Pause, counting, next_action
from jindou.agents.runs.limits import LimitPassed
from jindou.agents.runs.shown import messages_of, notes_of
from jindou.agents.runs.tables import RunRow, StepRow

RULE = {"id": "shop.no", "reason": {"en": "No.", "zh": "不。"}}


def run(*, cancel: bool = False, pause: bool = False, **fields: Any) -> RunRow:
    values: dict[str, Any] = {"id": "run_2", "message": "Do it", "rules": [], "answer": None, "status": "running"}
    values |= fields
    return RunRow(cancel_requested=cancel, pause_requested=pause, **values)


def model(n: int, *calls: str, text: str = "", status: str = "done") -> StepRow:
    asked: list[Any] = [{"id": f"call_{n}_{i}", "name": name, "arguments": {}} for i, name in enumerate(calls)]
    response: dict[str, Any] = {"text": text, "calls": asked} if status == "done" else {}
    return StepRow(id=f"stp_{n}", n=n, kind="model", status=status, request={}, response=response, rules=[])


def tool(n: int, call: str, status: str = "done", **response: Any) -> StepRow:
    rules = [RULE] if status == "refused" else []
    return StepRow(
        id=f"stp_{n}", n=n, kind="tool", name="a", status=status, request={"call": call}, response=response, rules=rules
    )


def said(n: int, text: str) -> StepRow:
    return StepRow(id=f"stp_{n}", n=n, kind="message", status="done", request={}, response={"text": text}, rules=[])


def compaction(n: int, status: str = "done") -> StepRow:
    request: dict[str, Any] = {"runs": [], "step": n - 1, "notes": None}
    response: dict[str, Any] = {"text": "It was long.", "facts": {"ids": ["SO-1"]}} if status == "done" else {}
    return StepRow(id=f"stp_{n}", n=n, kind="compaction", status=status, request=request, response=response, rules=[])


CASES: dict[str, tuple[RunRow, list[StepRow], object]] = {
    "nothing yet": (run(), [], AskModel),
    "a model call that never ended": (run(), [model(1, status="started")], AskModel),
    "an answer": (run(), [model(1, text="Hi.")], Finish("done", answer="Hi.")),
    "no answer": (run(), [model(1)], Finish("failed", error="no_answer")),
    "no words after work": (run(), [model(1, "a"), tool(2, "call_1_0"), model(3)], Finish("done")),
    "no words after work that failed": (
        run(),
        [model(1, "a"), tool(2, "call_1_0", "failed"), model(3)],
        Finish("failed", error="no_answer"),
    ),
    "notes that were never ended": (run(), [model(1, "a"), tool(2, "call_1_0"), compaction(3, "started")], Compact),
    "notes that a pause broke off": (
        run(),
        [model(1, "a"), tool(2, "call_1_0"), compaction(3, "interrupted")],
        Compact,
    ),
    "a pause while notes are taken": (run(pause=True), [compaction(1, "started")], Pause()),
    "notes that are taken": (run(), [model(1, "a"), tool(2, "call_1_0"), compaction(3)], AskModel),
    "a call": (run(), [model(1, "a")], ("call_1_0", None)),
    "the second of two calls": (run(), [model(1, "a", "b"), tool(2, "call_1_0")], ("call_1_1", None)),
    "a call that never ended": (run(), [model(1, "a"), tool(2, "call_1_0", "started")], ("call_1_0", "stp_2")),
    "a call that waits": (run(), [model(1, "a"), tool(2, "call_1_0", "waiting")], ("call_1_0", "stp_2")),
    "every call done": (run(), [model(1, "a"), tool(2, "call_1_0")], AskModel),
    "a call that failed": (run(), [model(1, "a"), tool(2, "call_1_0", "failed")], AskModel),
    "a call that was denied": (run(), [model(1, "a"), tool(2, "call_1_0", "denied")], AskModel),
    "a call that expired": (run(), [model(1, "a"), tool(2, "call_1_0", "expired")], AskModel),
    "a refusal": (run(), [model(1, "a", "b"), tool(2, "call_1_0", "refused")], Finish("refused", rules=(RULE,))),
    "cancelled at once": (run(cancel=True), [], Finish("cancelled")),
    "cancelled in a model call": (run(cancel=True), [model(1, status="started")], Finish("cancelled")),
    "cancelled while waiting": (
        run(cancel=True),
        [model(1, "a"), tool(2, "call_1_0", "waiting")],
        Finish("cancelled"),
    ),
    "cancelled in a tool": (
        run(cancel=True),
        [model(1, "a"), tool(2, "call_1_0", "started")],
        Finish("cancelled"),
    ),
    "paused between two steps": (run(pause=True), [model(1, "a"), tool(2, "call_1_0")], Pause()),
    "paused in a model call": (run(pause=True), [model(1, status="started")], Pause()),
    "paused in a tool": (
        run(pause=True),
        [model(1, "a"), tool(2, "call_1_0", "started")],
        ("call_1_0", "stp_2"),
    ),
    "a model call that a pause broke off": (run(), [model(1, status="interrupted")], AskModel),
    "told more while it called": (run(), [model(1, "a"), said(2, "No, b"), tool(3, "call_1_0")], AskModel),
    "told more while it answered": (run(), [model(1, text="Hi."), said(2, "And?")], AskModel),
    "told more before it answered": (run(), [said(1, "And?"), model(2, text="Hi.")], Finish("done", answer="Hi.")),
    "a retried answer": (
        run(),
        [model(1, "a"), tool(2, "call_1_0"), model(3, "a", status="superseded"), tool(4, "call_3_0", "superseded")],
        AskModel,
    ),
    "too many steps to ask again": (
        run(),
        [model(1, "a"), tool(2, "call_1_0"), model(3, "a"), tool(4, "call_3_0")],
        Finish.at(LimitPassed("steps", 4, 4)),
    ),
    "too many steps to call": (
        run(),
        [model(1, "a", "b", "c", "d"), tool(2, "call_1_0"), tool(3, "call_1_1"), tool(4, "call_1_2")],
        Finish.at(LimitPassed("steps", 4, 4)),
    ),
    "the last step is finished": (
        run(),
        [model(1, "a", "b", "c"), tool(2, "call_1_0"), tool(3, "call_1_1"), tool(4, "call_1_2", "started")],
        ("call_1_2", "stp_4"),
    ),
    "the last step was an answer": (
        run(),
        [model(1, "a"), tool(2, "call_1_0"), model(3, "a", text=""), model(4, text="Done.")],
        Finish("done", answer="Done."),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_next_action_follows_from_the_journal(case: str) -> None:
    row, steps, expected = CASES[case]
    room = 4 - len(counting(steps))
    action = next_action(row, steps, room, LimitPassed("steps", 4, 4) if room <= 0 else None, {"a"})
    match action:
        case AskModel(step):
            assert expected is AskModel
            assert step is None or step.status in {"started", "interrupted"}
        case Compact(step):
            assert (expected, step.kind) == (Compact, "compaction")
        case CallTools((of,)):
            assert (of.call.id, of.step.id if of.step else None) == expected
        case _:
            assert action == expected


def test_the_model_sees_what_came_before_what_was_asked_and_what_tools_said() -> None:
    over = datetime(2026, 3, 2, tzinfo=UTC)
    journals: list[Journalled] = [
        (run(message="One", answer="Answer one", finished_at=over), [model(1, text="Answer one")]),
        (
            run(message="Two", rules=[RULE], finished_at=over),
            [model(1, "a"), tool(2, "call_1_0", "refused", error="No.")],
        ),
        (run(message="Three", status="cancelled", finished_at=over), []),
        (
            run(),
            [
                model(1, "a", "b", text="Let me look."),
                tool(2, "call_1_0", result={"found": "灯"}),
                tool(3, "call_1_1", "failed", error="There is none."),
                model(4, status="started"),
            ],
        ),
    ]
    messages = messages_of("Be kind.", journals)
    assert [(message["role"], message["content"]) for message in messages] == [
        ("system", "Be kind."),
        ("user", "One"),
        ("assistant", "Answer one"),
        ("user", "Two"),
        ("assistant", ""),
        ("tool", '{"error": "No."}'),
        ("assistant", "No."),
        ("user", "Three"),
        ("assistant", "(cancelled)"),
        ("user", "Do it"),
        ("assistant", "Let me look."),
        ("tool", '{"found": "灯"}'),
        ("tool", '{"error": "There is none."}'),
    ]
    assert [message.get("tool_call_id") for message in messages[-2:]] == ["call_1_0", "call_1_1"]


def test_of_what_the_notes_stand_for_the_calls_remain_with_how_they_ended() -> None:
    steps = [
        model(1, "a", text="Let me look."),
        tool(2, "call_1_0", result={"order_id": "SO-1", "status": "open " * 99}),
        said(3, "And be quick."),
        model(4, "b"),
        tool(5, "call_4_0", "denied", error="No."),
        compaction(6),
    ]
    steps[-1].request["step"] = 3
    journals: list[Journalled] = [(run(id="run_1", message="Before"), []), (run(), steps)]
    messages = messages_of("Be kind.", journals, notes_of(journals))
    assert str(messages[1]["content"]).endswith('{"summary": "It was long.", "ids": ["SO-1"]}')
    assert [(message["role"], message["content"]) for message in messages[2:]] == [
        ("user", "Do it"),
        ("assistant", ""),
        ("tool", '{"outcome": "done", "ids": ["SO-1"], "told": "What this told is in the notes above."}'),
        ("user", "And be quick."),
        ("assistant", ""),
        ("tool", '{"error": "No."}'),
    ]
    assert messages[3]["tool_calls"]


def test_a_result_that_is_too_long_is_shown_up_to_a_mark_that_says_so() -> None:
    steps = [model(1, "a"), tool(2, "call_1_0", result="灯" * 500)]
    *_, told = messages_of("Be kind.", [(run(), steps)], most_bytes=100)
    content = str(told["content"])
    assert content.startswith('"灯灯灯')
    assert content.endswith(
        "[This result is too long to be shown whole: 100 of its 1,502 bytes stand here. Ask for less.]"
    )
    assert steps[1].response["result"] == "灯" * 500

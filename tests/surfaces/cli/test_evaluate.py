from collections.abc import Sequence

import pytest

from jindou.errors import NotFound
from jindou.surfaces.cli.evaluate import find_subject, measure
from support.scripted import ScriptedEngine, call


def test_every_case_is_run_told_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    subject = find_subject("after-sales", "evaluation")
    first = subject.cases[0]
    assert first.call is not None
    right = call(first.call.name, **first.call.arguments)

    def script(messages: Sequence[dict[str, object]]) -> str:
        return right if messages[-1]["content"] == first.request else "I would rather not."

    report = measure(ScriptedEngine(script), subject)
    assert [outcome.passed for outcome in report.outcomes] == [True] + [False] * (len(subject.cases) - 1)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(subject.cases)
    assert told[0].startswith(f"✓ 1/{len(subject.cases)} {first.id} · ")
    assert told[1].startswith("✗ 2/")


def test_cases_that_need_no_tool_pass_with_an_answer() -> None:
    report = measure(ScriptedEngine(lambda _: "Hello."), find_subject("after-sales", "abstain"))
    assert report.rate == 1


def test_an_assistant_or_cases_that_are_not_there_are_named() -> None:
    with pytest.raises(NotFound, match="there are: after-sales"):
        find_subject("nobody", "evaluation")
    with pytest.raises(NotFound, match="it has: abstain, evaluation"):
        find_subject("after-sales", "nothing")

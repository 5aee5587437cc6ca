"""Who decides waits for room to ask; a tool that hangs takes few threads, and none of those of another organisation."""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import pytest

from jindou.agents.approvals.askers import Askers, Kind
from jindou.errors import JindouError

OURS, THEIRS = "org_ours", "org_theirs"


def refund_of(org_id: str) -> Kind:
    return org_id, "ecommerce", "refund_order"


def code_of(answer: str | JindouError) -> str:
    return answer.code if isinstance(answer, JindouError) else answer


@dataclass
class Hanging:
    """A tool that hangs until it `goes_on`; `reached` counts how often it was asked."""

    goes_on: threading.Event = field(default_factory=threading.Event)
    reached: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    people: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def hang(self) -> str:
        self.reached.release()
        self.goes_on.wait(60)
        return "at last"

    def fill(self, askers: Askers, kind: Kind, times: int = 4) -> None:
        """Have people ask, and hang."""
        for _ in range(times):
            self.people.append(threading.Thread(target=askers.ask, args=({kind: {"one": self.hang}}, 60)))
            self.people[-1].start()
        for _ in range(times):
            assert self.reached.acquire(timeout=60)

    def end(self) -> None:
        self.goes_on.set()
        for person in self.people:
            person.join(60)


@pytest.fixture
def tool() -> Generator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.end()


def answer() -> str:
    return "answer"


def never() -> str:
    pytest.fail("it was asked")


def test_who_decides_waits_until_there_is_room(tool: Hanging) -> None:
    askers = Askers(waits=True)
    tool.fill(askers, refund_of(OURS))
    # What makes room is another tool that is asked at the same time: who had not waited would be gone by then.
    makes_room: Callable[[], str] = lambda: tool.goes_on.set() or "free"  # noqa: E731
    found = askers.ask({refund_of(OURS): {"full": answer}, (OURS, "ecommerce", "free"): {"free": makes_room}}, 60)
    assert found == {"full": "answer", "free": "free"}


def test_waiting_for_room_takes_no_longer_than_there_is_in_all(tool: Hanging) -> None:
    askers = Askers(waits=True)
    tool.fill(askers, refund_of(OURS))
    assert code_of(askers.ask({refund_of(OURS): {"late": never}}, 0.1)["late"]) == "tool_silent"


def test_who_looks_does_not_wait(tool: Hanging) -> None:
    askers = Askers()
    tool.fill(askers, refund_of(OURS))
    assert code_of(askers.ask({refund_of(OURS): {"full": never}}, 3600)["full"]) == "tool_silent"


@pytest.mark.parametrize("waits", [False, True])
def test_a_tool_that_hangs_for_one_organisation_answers_another(tool: Hanging, *, waits: bool) -> None:
    askers = Askers(waits=waits)
    tool.fill(askers, refund_of(OURS))
    assert askers.ask({refund_of(THEIRS): {"one": answer}}, 60) == {"one": "answer"}


def test_a_tool_that_hangs_for_everybody_takes_no_more_threads_than_it_may(tool: Hanging) -> None:
    askers = Askers(waits=True)
    for number in range(8):
        tool.fill(askers, refund_of(f"org_{number}"))
    assert code_of(askers.ask({refund_of(THEIRS): {"ninth": never}}, 0.1)["ninth"]) == "tool_silent"
    assert askers.ask({(THEIRS, "ecommerce", "change_address"): {"other": answer}}, 60) == {"other": "answer"}
    tool.end()
    assert askers.ask({refund_of(THEIRS): {"ninth": answer}}, 60) == {"ninth": "answer"}


@pytest.mark.parametrize("error", [ValueError("a bug"), SystemExit(3)])
def test_a_tool_that_breaks_is_told_as_such_and_logged_once_with_its_stack(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def break_() -> str:
        raise error

    found = Askers().ask({refund_of(OURS): {"first": break_, "second": break_, "third": answer}}, 60)
    assert {id_: code_of(one) for id_, one in found.items()} == {
        "first": "tool_broken",
        "second": "tool_broken",
        "third": "answer",
    }
    (logged,) = caplog.records
    assert logged.exc_info is not None
    assert logged.exc_info[1] is error

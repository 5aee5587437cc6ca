"""Tools at work: each has a thread for itself, which is the next one's when it has ended."""

import threading
from contextvars import ContextVar

from jindou.agents.runs.at_work import AtWork
from support.waiting import wait_for

OWNER = "org_1", "shop"
SEEN = ContextVar("SEEN", default="nothing")


def never() -> bool:
    return False


def test_a_thread_is_used_again_and_nothing_of_the_tool_before_is_seen_there() -> None:
    at_work = AtWork[int](OWNER, lambda _ended: None)
    threads: list[threading.Thread] = []

    def act() -> dict[str, object]:
        seen = SEEN.get()
        SEEN.set("the one before")
        threads.append(threading.current_thread())
        return {"seen": seen}

    def is_used_again() -> bool:
        at_work.begin(len(threads), act)
        ended = at_work.next(never)
        assert ended is not None
        assert ended.response == {"result": {"seen": "nothing"}}
        return threads[-1] in threads[:-1]

    assert wait_for(is_used_again)


def test_no_thread_sees_tools_of_two_organisations() -> None:
    kept = threading.local()

    def act() -> dict[str, object]:
        seen = getattr(kept, "organisation", None)
        kept.organisation = "somebody's"
        return {"seen": seen}

    for n in range(20):
        at_work = AtWork[int]((f"org_{n}", "shop"), lambda _ended: None)
        at_work.begin(n, act)
        ended = at_work.next(never)
        assert ended is not None
        assert ended.response == {"result": {"seen": None}}


def test_a_tool_that_never_ends_keeps_no_other_waiting() -> None:
    hold = threading.Event()
    at_work = AtWork[str](OWNER, lambda _ended: None)
    at_work.begin("slow", lambda: {"held": hold.wait(60)})
    at_work.begin("quick", dict)
    ended = at_work.next(never)
    assert ended is not None
    assert ended.of == "quick"
    hold.set()
    last = at_work.next(never)
    assert last is not None
    assert (last.of, at_work.pending) == ("slow", [])

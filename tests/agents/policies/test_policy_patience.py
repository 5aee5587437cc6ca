"""Rules and tests that would take long are refused in seconds, with where it was; the shadow looks back a week."""

import shutil
import threading
import time
from collections.abc import Generator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jindou.agents.policies import PolicyCheck
from jindou.agents.policies.recording import Recorder
from jindou.agents.policies.tables import PolicyDecisionRow
from jindou.assembly import Platform
from jindou.db import Database
from jindou.identity.policy import Patience
from support.desk import Desk, open_desk
from support.ground import OTHERS, OURS
from support.platform import FakeClock, as_person


def rules(condition: str, number: int = 1) -> str:
    head = '@id("lamps.n{n}") @reason_en("Because.") @reason_zh("因为。") forbid (principal, action, resource) when {{ '
    return "".join(f"{head.format(n=n)}{condition} }};\n" for n in range(number))


HAS = "(context has facts && context.facts has refunded_total)"
TRIAL = '- {{name: "t{n}", roles: [clerk], assistant: after-sales, tool: get_order, facts: {{}}, expect: allow}}\n'


@pytest.fixture(scope="module")
def desk(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Desk]:
    home = tmp_path_factory.mktemp("patience") / "home"
    shutil.copytree(made_home, home)
    with open_desk(home, "Hello.") as desk:
        yield desk


def check(platform: Platform, files: dict[str, str]) -> PolicyCheck:
    who = as_person(platform, "manager")
    with platform.database.reading(who.org_id) as work:
        return platform.policies.check(work, who, files)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a.cedar": rules(" && ".join(["context.approved"] * 20), 150)}, "a.cedar, line 1: policy lamps.n0"),
        (
            {"a.cedar": rules(" && ".join(["context.approved"] * 310), 12)},
            "a.cedar, line 1: this rule has too many operators",
        ),
        ({"a.cedar": rules("+".join(["1"] * 3500) + " == 1")}, "a.cedar, line 1: this rule has too many operators"),
        ({"a.cedar": rules("context has a" + ".a" * 200)}, "a.cedar, line 1: this rule has a path of too many names"),
        (
            {"a.cedar": rules("context has a" + " . // no\na" * 20)},
            "a.cedar, line 1: this rule has a path of too many names",
        ),
        ({"a.cedar": ";" * 150_000}, "There are 150000 rules"),
        ({"a.cedar": '"' + '\\"' * 70_000}, "a.cedar, line 1: this rule is too long"),
        ({"t.yaml": "[" * 90_000}, "t.yaml has lists in lists too deep"),
        ({"t.yaml": "- " * 60_000}, "t.yaml has lists in lists too deep"),
        ({"a.cedar": rules("false"), "t.yaml": "".join(map("- {{a: {0}}}\n".format, range(15_000)))}, "t.yaml"),
    ],
    ids=["errors", "conditions", "sums", "names", "comments", "semicolons", "quotes", "lists", "rows", "tests"],
)
def test_what_would_take_minutes_is_refused_in_seconds_and_keeps_nobody_else_waiting(
    desk: Desk, files: dict[str, str], told: str
) -> None:
    # The time of this process's own work, so that what else the machine does counts for nothing.
    waits: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            began = time.process_time()
            time.sleep(0.01)
            waits.append(time.process_time() - began)

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.process_time()
    try:
        found = check(desk.platform, files)
    finally:
        done.set()
        thread.join()
    assert any(told in problem.message for problem in found.problems), [problem.message for problem in found.problems]
    assert time.process_time() - began < 20
    assert max(waits) < 5


def test_what_is_large_and_good_is_good(desk: Desk) -> None:
    many = rules(" || ".join([f"({HAS} && false)"] * 15), 60)
    found = check(desk.platform, {"a.cedar": many, "t.yaml": "".join(TRIAL.format(n=n) for n in range(200))})
    assert (found.problems, len(found.trials)) == ([], 200)
    assert check(desk.platform, {"a.cedar": rules("if context has facts then false else " * 100 + "false")}).good


def test_where_the_time_is_over_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def after(steps: int) -> str:
        counted = count()
        monkeypatch.setattr(Patience, "is_over", property(lambda _: next(counted) >= steps))
        found = check(desk.platform, {"a.cedar": rules("false", 3), "t.yaml": TRIAL.format(n=1) + TRIAL.format(n=2)})
        if not found.problems:
            return "good"
        (problem,) = found.problems
        assert problem.rule == "at most 10 seconds"
        return f"{problem.kind}: {problem.message.partition(': the time is over here')[0]}"

    told = list(dict.fromkeys(after(steps) for steps in range(90)))
    assert told == [
        *("rules: a.cedar, line 1", "rules: a.cedar, line 2", "rules: a.cedar, line 3"),
        *("rules: t.yaml", "tests: t.yaml, test 't1'", "tests: t.yaml, test 't2'", "good"),
    ]


def decision(database: Database, org_id: str, verb: str = "get_order") -> None:
    with database.writing(org_id) as work:
        row = PolicyDecisionRow(
            id=work.new_id("pdc"),
            at=work.now(),
            person_id="prs_1",
            roles=["clerk"],
            assistant="after-sales",
            grants=[verb],
            action=f"ecommerce::{verb}",
            context={"approved": False},
        )
        work.session.add(row)


def test_decisions_are_kept_for_a_week_and_not_much_longer(database: Database, clock: FakeClock) -> None:
    def left(org_id: str) -> int:
        with database.reading(org_id) as work:
            return work.session.scalar(select(func.count(PolicyDecisionRow.id))) or 0

    closing = threading.Event()
    closing.set()
    for org_id in (OURS, OTHERS):
        decision(database, org_id)
    clock.move(timedelta(days=7))
    decision(database, OURS)
    Recorder.forget(database, closing)
    assert (left(OURS), left(OTHERS)) == (2, 1), "What the shadow may look at is still there."
    clock.move(timedelta(hours=12, seconds=1))
    Recorder.forget(database, closing)
    assert (left(OURS), left(OTHERS)) == (1, 0)
    clock.move(timedelta(days=8))
    Recorder.forget(database, closing)
    assert left(OURS) == 0


def test_the_shadow_says_how_far_back_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_desk(tmp_path) as desk:
        platform, who = desk.platform, desk.manager
        times: list[datetime] = []
        for _ in range(4):
            times.append(desk.clock.now())
            decision(platform.database, who.org_id)
            desk.clock.move(timedelta(days=2))
        with platform.database.reading(who.org_id) as work:
            whole = platform.policies.shadow(work, who, 0)
            monkeypatch.setattr("jindou.agents.policies.shadow._MOST", 2)
            newest = platform.policies.shadow(work, who, 0)
            counted = count()
            monkeypatch.setattr(Patience, "is_over", property(lambda _: next(counted) >= 1))
            hasty = platform.policies.shadow(work, who, 0)
            monkeypatch.setattr(Patience, "is_over", property(lambda _: True))
            none = platform.policies.shadow(work, who, 0)
    assert (whole.decisions, whole.recorded, whole.reaches) == (3, 3, times[1]), "What is a week old is not looked at."
    assert whole.since == desk.clock.now() - timedelta(days=7)
    assert (newest.decisions, newest.recorded, newest.reaches) == (2, 3, times[2])
    assert (hasty.decisions, hasty.recorded, hasty.reaches) == (1, 3, times[3])
    assert (none.decisions, none.recorded, none.reaches) == (0, 3, None)

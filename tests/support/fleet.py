"""Workers and an engine in processes of their own, companies that ask for refunds, and what became of them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from jindou.agents.runs import FINAL, StartRun
from jindou.agents.runs.tables import RunEventRow, RunRow
from jindou.assembly import Platform, assemble
from jindou.db import DatabaseUnavailable
from jindou.durable.queue.tables import TaskRow
from jindou.home import Home
from jindou.identity.principals import Person, Principal
from jindou.models.deployments import DeploymentAsk, Member
from jindou.models.serving import HeldModels
from jindou.settings import load_settings
from support.forker import MODEL
from support.scripted import ScriptedEngine
from support.server import free_port
from support.talker import question

__all__ = ["Fleet", "open_fleet"]

_SECONDS = 120.0
_AMOUNT = "0.01"


@dataclass
class Fleet:
    """A home whose runs are moved on by processes that may be killed, frozen and woken."""

    platform: Platform
    port: int
    forker: "subprocess.Popen[str]"
    people: list[Principal] = field(default_factory=list[Principal])
    workers: list[int] = field(default_factory=list[int])
    engine: int = 0
    asked: dict[str, str] = field(default_factory=dict[str, str])
    """The reason that each run gave for its refund, by its id."""

    @property
    def home(self) -> Path:
        """Where it all is."""
        return self.platform.home.path

    def found(self, tenants: int, people: int = 1) -> None:
        """Make companies, each with so many clerks and a deployment that the engine answers for."""
        member = Member(engine="scripted", model=MODEL, url=f"http://127.0.0.1:{self.port}/v1", sku=f"model:{MODEL}")
        for n in range(tenants):
            with self.platform.database.writing(None) as work:
                org_id = self.platform.principals.create_organisation(work, f"Company {n}")
                for name in ("boss", *(f"clerk-{n}" for n in range(people))):
                    roles = ["manager"] if name == "boss" else ["clerk"]
                    person = Person(id="", handle=name, name=name, title={}, roles=roles, language="en")
                    self.platform.principals.create_person(work, org_id, person)
            with self.platform.database.writing(org_id) as work:
                everybody = [
                    self.platform.principals.principal(work, org_id, person.id)
                    for person in self.platform.principals.list_people(work)
                ]
                boss = next(who for who in everybody if who.handle == "boss")
                self.platform.deployments.create(work, boss, DeploymentAsk(name=MODEL, members=(member,)))
            self.people += [who for who in everybody if who.handle != "boss"]

    def start_engine(self) -> None:
        """Have the engine answer, again."""
        self.engine = self._fork("talk", str(self.port))

    @contextmanager
    def holding_engine(self) -> Generator[None]:
        """Have the engine say nothing until the block ends, so that no run is over before a test has looked."""
        self.kill(self.engine, signal.SIGSTOP)
        try:
            yield
        finally:
            self.kill(self.engine, signal.SIGCONT)

    def start_worker(self) -> int:
        """Add a worker and return its pid."""
        pid = self._fork("sqlite" if self.platform.database.is_sqlite else "work", str(self.home))
        self.workers.append(pid)
        return pid

    def ask(self, who: Principal, order: str, reason: str = "") -> str:
        """Begin a run of somebody's that refunds a little on an order, and return its id."""
        reason = reason or f"reason {len(self.asked)}"
        asked = StartRun(message=question(order, _AMOUNT, reason))
        with self.platform.database.writing(who.org_id) as work:
            run_id = self.platform.runs.start(work, who, asked).id
        self.asked[run_id] = reason
        return run_id

    def orders(self) -> list[str]:
        """Return orders of which nothing has been refunded yet."""
        query = "SELECT DISTINCT order_id FROM payment WHERE order_id NOT IN (SELECT order_id FROM refund)"
        return sorted(row[0] for row in self._shop(query))

    def runs(self) -> dict[str, RunRow]:
        """Return every run that was begun here."""
        with self.platform.database.reading(None) as work:
            rows = work.session.scalars(select(RunRow)).all()
        return {row.id: row for row in rows if row.id in self.asked}

    def open(self) -> dict[str, int]:
        """Return the number of the newest event of each run that is not over."""
        with self.platform.database.reading(None) as work:
            rows = work.session.execute(select(RunRow.id, RunRow.last_event).where(RunRow.finished_at.is_(None)))
            return {row.id: row.last_event for row in rows}

    def held(self) -> dict[str, str]:
        """Return the runs that a worker has, or had when it died, with their leases."""
        with self.platform.database.reading(None) as work:
            held = select(TaskRow.subject, TaskRow.lease_id).where(TaskRow.kind == "run", TaskRow.lease_id.is_not(None))
            return {row.subject: row.lease_id or "" for row in work.session.execute(held)}

    def started(self, count: int) -> bool:
        """Say whether so many runs have been taken up."""
        with self.platform.database.reading(None) as work:
            return work.session.scalars(select(func.count()).where(RunRow.status != "queued")).one() >= count

    def wait_until(self, it: Callable[[], bool], seconds: float = _SECONDS) -> bool:
        """Wait until something is so, and say whether it became so. A database that is gone says nothing."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(DatabaseUnavailable):
                if it():
                    return True
            time.sleep(0.05)
        return False

    def effects(self) -> dict[str, int]:
        """Return how often each run's refund was made."""
        made = Counter(row[0] for row in self._shop("SELECT reason FROM refund"))
        return {run_id: made[reason] for run_id, reason in self.asked.items()}

    def ended(self) -> dict[str, datetime]:
        """Return when each run was over, for those that are done."""
        return {id_: row.finished_at for id_, row in self.runs().items() if row.status == "done" and row.finished_at}

    def unfinished(self) -> list[str]:
        """Return what is not done, and why."""
        return [f"{id_} {row.status} {row.error}" for id_, row in self.runs().items() if row.status != "done"]

    def begun(self) -> list[str]:
        """Return the organisation of each run that was taken up, in the order in which they were."""
        with self.platform.database.reading(None) as work:
            first = select(RunEventRow.run_id, func.min(RunEventRow.at).label("at"))
            first = first.where(RunEventRow.type == "step.started").group_by(RunEventRow.run_id).subquery()
            query = select(RunRow.id, RunRow.org_id).join(first, first.c.run_id == RunRow.id).order_by(first.c.at)
            return [row.org_id for row in work.session.execute(query) if row.id in self.asked]

    def passed_over(self) -> dict[str, int]:
        """Return how many runs of others were taken up at most between two of each organisation's."""
        last: dict[str, int] = {}
        most: Counter[str] = Counter()
        for n, org_id in enumerate(self.begun()):
            most[org_id] = max(most[org_id], n - last.get(org_id, -1) - 1)
            last[org_id] = n
        return dict(most)

    def sign_in(self, who: Principal) -> str:
        """Return the secret of a session of somebody's."""
        with self.platform.database.writing(who.org_id) as work:
            return self.platform.sessions.open(work, who.org_id, who.person_id, "operator")

    def all_over(self) -> bool:
        """Say whether every run has ended, well or not."""
        return all(row.status in FINAL for row in self.runs().values())

    def replace_dead(self) -> int:
        """Start a worker for each that has died, as a service manager does, and return how many."""
        dead = [pid for pid in self.workers if not self.lives(pid)]
        for pid in dead:
            self.workers.remove(pid)
            self.start_worker()
        return len(dead)

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one of the processes; one that was killed is gone when this returns."""
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if number == signal.SIGKILL:
            self.wait_until(lambda: not self.lives(pid))
            self.workers = [worker for worker in self.workers if worker != pid]

    @staticmethod
    def lives(pid: int) -> bool:
        """Say whether a process is there."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """End every process."""
        for pid in (*self.workers, self.engine):
            if pid:
                self.kill(pid)
        for pipe in (self.forker.stdin, self.forker.stdout):
            if pipe is not None:
                pipe.close()
        self.forker.wait(timeout=_SECONDS)

    def _fork(self, act: str, argument: str) -> int:
        log = str(self.home / "logs" / f"{act}.out")
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        self.forker.stdin.write(json.dumps([act, argument, log]) + "\n")
        self.forker.stdin.flush()
        return int(self.forker.stdout.readline())

    def _shop(self, query: str) -> list[tuple[str, ...]]:
        path = self.home / "packs" / "ecommerce" / "shop.db"
        with closing(sqlite3.connect(path, timeout=30)) as shop:
            return shop.execute(query).fetchall()


@contextmanager
def open_fleet(home: Path, database_url: str = "", **settings: object) -> Generator[Fleet]:
    """Open a home on SQLite or on a PostgreSQL database, with the engine and no worker; `settings` are the workers'."""
    place = Home(home)
    place.prepare()
    given = {"model": MODEL, "database_url": database_url, "offline": True, **settings}
    lines = [f"{name} = {json.dumps(value)}" for name, value in given.items()]
    (home / "jindou.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    held = HeldModels({MODEL: ScriptedEngine(lambda _: "Nobody asks here.")})
    platform = assemble(load_settings(home=home), place, held, MODEL)
    forker = subprocess.Popen(
        [sys.executable, "-m", "support.forker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    fleet = Fleet(platform, free_port(), forker)
    try:
        fleet.start_engine()
        yield fleet
    finally:
        fleet.close()
        for pack in platform.packs.values():
            pack.close()
        platform.database.close()

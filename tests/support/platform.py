"""A whole platform in a folder, with a scripted engine and a clock that tests move."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jindou.agents.runs import FINAL, RunDetail, StartRun
from jindou.assembly import Platform, assemble
from jindou.errors import JindouError
from jindou.home import Home
from jindou.identity.principals import Person, Principal
from jindou.models.engines import Engine
from jindou.models.serving import HeldModels
from jindou.settings import load_settings
from support.scripted import Script, ScriptedEngine
from support.templates import lay_home

__all__ = ["BUSY_SECONDS", "MODEL", "FakeClock", "as_person", "open_platform", "run_to_rest"]

MODEL = "qwen2.5-coder-0.5b"
BUSY_SECONDS = 60.0
"""How long tools may take to say what a call would change by now: tests wait longer than people do."""


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._steady = 0.0

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
        self._steady += by.total_seconds()

    def steady(self) -> float:
        """Return the seconds that have passed."""
        return self._steady

    def set(self, by: timedelta) -> None:
        """Be set to another time, as somebody who has the right to may do; no time passes by that."""
        self._now += by


@contextmanager
def open_platform(
    folder: Path,
    script: Script,
    clock: FakeClock | None = None,
    engine: Engine | None = None,
    **settings: object,
) -> Generator[Platform]:
    """Open a platform with its workers not started: `run_to_rest` does their work in the test's own thread."""
    home = Home(folder)
    home.prepare()
    home.lock()
    clock = clock or FakeClock()
    if "database_url" not in settings:
        lay_home(home, clock.now())
    models = HeldModels({MODEL: engine or ScriptedEngine(script)})
    try:
        platform = assemble(load_settings(home=folder, **settings), home, models, MODEL, clock)
        platform.approvals.afresh.seconds = platform.approvals.editing.seconds = BUSY_SECONDS
    except JindouError:
        home.unlock()
        raise
    try:
        yield platform
    finally:
        platform.runner.stop()
        for pack in platform.packs.values():
            pack.close()
        platform.database.close()
        home.unlock()


def as_person(platform: Platform, handle: str) -> Principal:
    """Return a demo person as a principal."""
    with platform.database.reading(None) as work:
        org_id = platform.principals.find_organisation(work)
        assert org_id is not None
        return platform.principals.principal(work, org_id, platform.principals.find(work, handle).id)


def as_stranger(platform: Platform) -> Principal:
    """Make another organisation, and return its manager."""
    olga = Person(id="", handle="olga", name="Olga", title={}, roles=["manager"], language="en")
    with platform.database.writing(None) as work:
        org_id = platform.principals.create_organisation(work, "Others")
        made = platform.principals.create_person(work, org_id, olga)
        return platform.principals.principal(work, org_id, made.id)


def run_to_rest(platform: Platform, who: Principal, message: str = "", run_id: str = "") -> RunDetail:
    """Start a run, or take one that is there, and move it on until it is over or waits."""
    with platform.database.writing(who.org_id) as work:
        run_id = run_id or platform.runs.start(work, who, StartRun(message=message)).id
    while True:
        with platform.database.writing(None) as work:
            lease = platform.queue.claim(work, ("run",))
        if lease is None:
            break
        platform.runner.run(lease)
    with platform.database.reading(who.org_id) as work:
        detail = platform.runs.get(work, who, run_id)
    assert detail.status in FINAL | {"waiting"}
    return detail

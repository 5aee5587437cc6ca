"""A run that waits for a person waits as long as it takes, whatever process and version it meets in the end."""

from datetime import timedelta
from pathlib import Path

import pytest

from jindou.agents.runs import Journal
from support.desk import ORDER, open_desk
from support.scripted import call

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")


def test_a_run_waits_thirty_days_over_an_upgrade_and_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "jindou.toml").write_text("approval_hours = 960\n", encoding="utf-8")
    with open_desk(home, LARGE) as desk:
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        assert run.status == "waiting"
        with desk.platform.database.reading(None) as work:
            assert desk.platform.queue.waiting(work, "run") == 0, "Nobody holds anything for it."
    monkeypatch.setattr(Journal, "version", Journal.version + 1)
    with open_desk(home, "Refunded.") as desk:
        desk.clock.move(timedelta(days=30))
        (approval,) = desk.inbox(status="waiting")
        desk.approve(approval.id)
        done = desk.move_on(run.id)
        assert (done.status, done.answer) == ("done", "Refunded.")
        assert desk.refunds() == [120_000_000]

"""A run that takes notes is killed by SIGKILL at every boundary; they are taken once, and paid for once."""

import json
from pathlib import Path

import pytest

from jindou.agents.runs import StartRun
from support import killable_compaction
from support.killable import FOUND
from support.killable_compaction import LONG, open_narrow
from support.narrow import NOTED
from support.platform import as_person, run_to_rest
from support.walking import walk

MOST_BOUNDARIES = 40


@pytest.fixture(scope="module")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fresh")
    with open_narrow(home) as platform:
        clerk = as_person(platform, "clerk")
        conversation_id = None
        for n in range(3):
            with platform.database.writing(clerk.org_id) as work:
                asked = StartRun(message=f"Question {n}: {LONG}", conversation_id=conversation_id)
                run = platform.runs.start(work, clerk, asked)
            conversation_id = run.conversation_id
            done = run_to_rest(platform, clerk, run_id=run.id)
            assert [step.kind for step in done.journal] == ["model"]
    return home


def test_a_run_killed_at_any_boundary_takes_its_notes_once(fresh_home: Path, tmp_path: Path) -> None:
    for home, boundary in walk(killable_compaction.main, fresh_home, tmp_path, range(1, MOST_BOUNDARIES)):
        found = json.loads((home / FOUND).read_text())
        told = f"killed before commit {boundary}: {found}"
        assert found["run"] == "done", told
        assert found["steps"] == [[kind, "done"] for kind in ("compaction", "model", "tool", "model")], told
        assert found["metered"] == found["done"], told
        assert found["cost"][0] == found["cost"][1] > 0, told
        assert found["notes"] == NOTED, told
        assert found["stands_for"][0] == found["stands_for"][1], told
        assert found["events"] == list(range(1, len(found["events"]) + 1)), told
        assert found["wrong"] == 0, told

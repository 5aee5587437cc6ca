"""The vault itself: who may what, what opens, and the keys."""

import json
import os
import pickle  # noqa: TID251
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from jindou.assembly import Platform
from jindou.cloud.secrets import (
    Secret,
    SecretAsk,
    SecretExists,
    SecretMissing,
    SecretValue,
    StoredSecret,
    VaultKeyWrong,
)
from jindou.cloud.secrets.failures import SecretDamaged, SecretRevoked
from jindou.cloud.secrets.tables import SecretRow
from jindou.errors import Forbidden, NotFound
from support.platform import as_person, open_platform

VALUE = "a value that is long enough"


@pytest.fixture
def platform(tmp_path: Path) -> Generator[Platform]:
    with open_platform(tmp_path / "home", lambda _: "") as platform:
        yield platform


def put(platform: Platform, name: str = "erp", handle: str = "clerk", owner: str = "person") -> StoredSecret:
    who, wrapping = as_person(platform, handle), platform.secrets.wrapping()
    with platform.database.writing(who.org_id) as work:
        asked = SecretAsk.model_validate({"name": name, "value": f"{VALUE} {name}", "owner": owner})
        return platform.secrets.put(work, who, asked, wrapping)


def use(platform: Platform, name: str = "erp", handle: str = "clerk") -> str:
    return platform.secrets.use(as_person(platform, handle), name, "assistant:x", "run:step").reveal()


def test_a_secret_is_used_rotated_and_revoked(platform: Platform) -> None:
    made = put(platform)
    who = as_person(platform, "clerk")
    assert (made.version, use(platform)) == (1, f"{VALUE} erp")
    with pytest.raises(SecretExists):
        put(platform)
    with platform.database.writing(who.org_id) as work:
        value = SecretValue.model_validate({"value": "another value"}).value
        assert platform.secrets.rotate(work, who, made.id, value, platform.secrets.wrapping()).version == 2
    assert use(platform) == "another value"
    with platform.database.writing(who.org_id) as work:
        assert platform.secrets.revoke(work, who, made.id).status == "revoked"
        with pytest.raises(SecretRevoked):
            platform.secrets.rotate(work, who, made.id, value, platform.secrets.wrapping())
    with pytest.raises(SecretMissing):
        use(platform)
    assert put(platform).version == 3
    manager = as_person(platform, "manager")
    with platform.database.reading(who.org_id) as work:
        events = [e for e in platform.audit.search(work, manager) if e.action.startswith("secrets::")]
    told = [event.action.partition("::")[2] for event in reversed(events)]
    assert told == ["put", "use", "rotate", "use", "revoke", "put"]
    assert "value" not in json.dumps([event.detail for event in events])


def test_other_peoples_secrets_are_none_and_the_organisations_are_the_managers(platform: Platform) -> None:
    mine, ours = put(platform), put(platform, "ours", "manager", "organisation")
    warehouse, manager = as_person(platform, "warehouse"), as_person(platform, "manager")
    with pytest.raises(Forbidden):
        put(platform, "mine", "warehouse", "organisation")
    with platform.database.writing(manager.org_id) as work:
        for who in (warehouse, manager):
            with pytest.raises(NotFound, match="No such secret"):
                platform.secrets.revoke(work, who, mine.id)
        with pytest.raises(Forbidden):
            platform.secrets.revoke(work, warehouse, ours.id)
        assert platform.secrets.list_secrets(work, warehouse) == []
        assert [one.id for one in platform.secrets.list_secrets(work, manager)] == [ours.id]
    with platform.database.writing("org_others") as work, pytest.raises(NotFound, match="No such secret"):
        platform.secrets.revoke(work, manager, ours.id)


@pytest.mark.parametrize("column", ["sealed", "both", "version"])
def test_a_ciphertext_that_is_moved_does_not_open(platform: Platform, column: str) -> None:
    put(platform)
    put(platform, "crm")
    with platform.database.writing(None) as work:
        erp, crm = work.session.scalars(select(SecretRow).order_by(SecretRow.name.desc())).all()
        if column == "version":
            erp.version += 1
        else:
            erp.sealed = crm.sealed
            erp.wrapped_key = crm.wrapped_key if column == "both" else erp.wrapped_key
    with pytest.raises(SecretDamaged):
        use(platform)


def test_without_its_key_nothing_starts_and_the_error_names_it(tmp_path: Path) -> None:
    with open_platform(tmp_path / "home", lambda _: "") as platform:
        put(platform)
        file = platform.home.vault_key
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = file.read_bytes()
    file.unlink()
    with pytest.raises(VaultKeyWrong, match=r"secrets/vault\.key"), open_platform(tmp_path / "home", lambda _: ""):
        pass
    given = kept.decode().strip()
    with open_platform(tmp_path / "home", lambda _: "", vault_key=given) as platform:
        assert use(platform) == f"{VALUE} erp"
    with pytest.raises(VaultKeyWrong, match="32 bytes"), open_platform(tmp_path / "home", lambda _: "", vault_key="x"):
        pass


def test_a_command_may_keep_the_key_and_is_told_no_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINDOU_ENGINE_KEYS", json.dumps({"cloud": VALUE}))
    script = tmp_path / "kms.py"
    told = "import os, sys\nassert not [name for name in os.environ if name.startswith('JINDOU_')]\n"
    script.write_text(f"{told}print('k1' if sys.argv[1] == 'id' else sys.stdin.read()[::-1])\n")
    with open_platform(tmp_path / "home", lambda _: "", vault_command=f"{sys.executable} {script}") as platform:
        put(platform)
        assert use(platform) == f"{VALUE} erp"
        assert not platform.home.vault_key.exists()


_KMS = """
import pathlib, sqlite3, sys
here = pathlib.Path(sys.argv[0]).parent
database = sqlite3.connect(here / "home" / "jindou.db", timeout=0)
database.execute("BEGIN IMMEDIATE")  # It fails where somebody else is about to write.
database.rollback()
print((here / "id").read_text() if sys.argv[1] == "id" else sys.stdin.read()[::-1])
"""


def test_a_kms_is_asked_while_nobody_holds_the_database(tmp_path: Path) -> None:
    script, current = tmp_path / "kms.py", tmp_path / "id"
    script.write_text(_KMS)
    current.write_text("k1")
    command = f"{sys.executable} {script}"
    with open_platform(tmp_path / "home", lambda _: "", vault_command=command) as platform:
        who = as_person(platform, "clerk")
        made = put(platform)
        current.write_text("k2")
        assert platform.secrets.rewrap().left == 0
        assert use(platform) == f"{VALUE} erp"
        with platform.database.reading(who.org_id) as work:
            row = work.session.scalars(select(SecretRow).where(SecretRow.id == made.id)).one()
        assert (row.key_id, row.version) == ("k2", 1)


_KILLED = """
import sys
from pathlib import Path
from support.killable import arm
from support.platform import open_platform
with open_platform(Path(sys.argv[1]), lambda _: "") as platform:
    arm(2)
    platform.secrets.renew_key()
"""


def test_a_kill_while_data_keys_are_wrapped_again_loses_nothing(tmp_path: Path) -> None:
    with open_platform(tmp_path / "home", lambda _: "") as platform:
        for number in range(60):
            put(platform, f"erp-{number:02}")
    path = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "home")]
    done = subprocess.run(command, env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"}, check=False)
    assert done.returncode == -signal.SIGKILL
    with open_platform(tmp_path / "home", lambda _: "") as platform:
        with platform.database.reading(None) as work:
            assert platform.secrets.rewrapping(work).left == 10
        assert use(platform, "erp-59") == f"{VALUE} erp-59"
        platform.secrets.rewrap_rest()
        with platform.database.reading(None) as work:
            assert platform.secrets.rewrapping(work).left == 0
        assert {use(platform, f"erp-{n:02}") for n in (0, 59)} == {f"{VALUE} erp-00", f"{VALUE} erp-59"}


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "", "value": VALUE},
        {"name": "Größe", "value": VALUE},
        {"name": "a/b", "value": VALUE},
        {"name": "x" * 64, "value": VALUE},
        {"name": "erp", "value": ""},
        {"name": "erp", "value": "short"},
        {"name": "erp", "value": "x" * 65_537},
        {"name": "erp", "value": "x" * 10 + "\ud800"},
        {"name": "erp", "value": VALUE, "owner": "team"},
    ],
)
def test_what_is_no_secret_is_refused_without_being_quoted(asked: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        SecretAsk.model_validate(asked)
    assert asked["value"] == "" or asked["value"] not in str(refused.value)


def test_a_secret_in_a_tools_hands_shows_itself_to_nobody() -> None:
    secret = Secret("erp", VALUE)
    assert VALUE not in f"{secret} {secret!r} {json.dumps([secret], default=str)}"
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)

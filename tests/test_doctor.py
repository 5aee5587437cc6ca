"""The doctor finds what is wrong in a home, and is not ill itself."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from jindou.cli import main
from jindou.cloud.secrets import SecretAsk
from jindou.home import Home
from support.desk import open_desk
from support.homes import make_home


def examine(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[object, dict[str, dict[str, Any]]]:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--home", str(home), "--json"])
    told = json.loads(capsys.readouterr().out)
    return ended.value.code, {check["name"]: check for check in told["checks"]}


def test_a_home_that_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = examine(make_home(tmp_path / "home"), capsys)
    assert code == 0
    assert {name: check["state"] for name, check in checks.items() if name not in {"disk", "model"}} == {
        "settings": "ok",
        "home": "ok",
        "secrets": "ok",
        "database": "ok",
        "schema": "ok",
        "audit": "ok",
        "vault": "ok",
        "server": "ok",
    }


def test_a_home_with_an_empty_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.database.touch()
    code, checks = examine(home.path, capsys)
    assert (code, checks["schema"]["state"]) == (0, "warning")


@pytest.mark.parametrize("damage", ["garbage", "missing table"])
def test_a_home_with_a_damaged_database(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    home = Home(make_home(tmp_path / "home"))
    if damage == "garbage":
        home.database.write_bytes(b"this is no database, and it never was one " * 100)
    else:
        connection = sqlite3.connect(home.database)
        connection.execute("DROP TABLE audit_event")
        connection.close()
    code, checks = examine(home.path, capsys)
    assert code == 1
    assert "wrong" in {checks["database"]["state"], checks.get("schema", checks["database"])["state"]}


def test_a_home_whose_vault_does_not_open_says_what_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_home(tmp_path / "home")
    with open_desk(folder, "Hello.") as desk:
        company = desk.platform.accounts
        with desk.platform.database.writing(None) as work:
            secret = desk.platform.sessions.open(work, desk.clerk.org_id, desk.clerk.person_id, desk.clerk.person_id)
        with desk.platform.database.reading(None) as work:
            seat = desk.platform.sessions.seat(work, secret)
        company.begin_totp(seat)
        wrapping = desk.platform.secrets.wrapping()
        with desk.platform.database.writing(desk.clerk.org_id) as work:
            ask = SecretAsk(name="erp", value=SecretStr("long enough to be one"), owner="person")
            desk.platform.secrets.put(work, desk.clerk, ask, wrapping)
    code, checks = examine(folder, capsys)
    assert (code, checks["vault"]["found"]) == (0, "its key opens secrets and authenticators")
    key = Home(folder).vault_key
    kept = key.read_text()
    key.unlink()
    code, checks = examine(folder, capsys)
    assert (code, checks["vault"]["state"]) == (1, "wrong")
    assert "secrets/vault.key" in checks["vault"]["remedy"]
    assert not key.exists(), "Looking makes no key."
    key.write_text(kept)
    key.chmod(0o600)
    connection = sqlite3.connect(folder / "jindou.db")
    connection.execute("UPDATE account_totp SET sealed = x'00'")
    connection.commit()
    connection.close()
    code, checks = examine(folder, capsys)
    assert (code, "authenticators do not open" in checks["vault"]["found"]) == (1, True)
    assert "account_totp" in checks["vault"]["remedy"]


def test_secrets_that_others_may_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    (home.path / "secrets" / "operator.key").chmod(0o644)
    code, checks = examine(home.path, capsys)
    assert (code, checks["secrets"]["state"]) == (1, "wrong")
    assert "chmod" in checks["secrets"]["remedy"]

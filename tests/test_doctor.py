"""The doctor finds what is wrong in a home, and is not ill itself."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from jindou.cli import main
from jindou.home import Home
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


def test_secrets_that_others_may_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    (home.path / "secrets" / "operator.key").chmod(0o644)
    code, checks = examine(home.path, capsys)
    assert (code, checks["secrets"]["state"]) == (1, "wrong")
    assert "chmod" in checks["secrets"]["remedy"]

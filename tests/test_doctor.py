"""The doctor finds what is wrong in a home, and is not ill itself."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from jindou.cli import main
from jindou.cloud.secrets import SecretAsk
from jindou.db import Database
from jindou.home import Home
from jindou.identity.audit.tables import AuditEventRow
from jindou.identity.directory import NewOrganisation
from support.desk import open_desk
from support.homes import make_home
from support.platform import open_platform
from support.servers import Server


def look(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[object, list[dict[str, Any]]]:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--home", str(home), "--json"])
    return ended.value.code, json.loads(capsys.readouterr().out)["checks"]


def examine(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[object, dict[str, dict[str, Any]]]:
    code, checks = look(home, capsys)
    return code, {check["name"]: check for check in checks}


def settle_at(folder: Path, url: str) -> Path:
    """Make a home whose settings name a database, which its company is in."""
    home = Home(folder)
    home.prepare()
    (folder / "jindou.toml").write_text(f'database_url = "{url}"\n', encoding="utf-8")
    with open_platform(folder, lambda _: "Hello.", database_url=url):
        return folder


def add_company(home: Path, name: str, **settings: Any) -> str:
    """Add an organisation, whose trail then has its first event, and return its id."""
    with open_platform(home, lambda _: "Hello.", **settings) as platform:
        new = NewOrganisation(name=name, administrator="chief", administrator_name="Chi Efe")
        with platform.database.writing(None) as work:
            return platform.directory.organisations.create(work, new).id


def rename_in_trail(url: str, org_id: str) -> None:
    """Change an event, as somebody does who can write into the database."""
    with closing(Database(url)) as database, database.writing(None) as work:
        told = update(AuditEventRow).where(AuditEventRow.org_id == org_id).values(action="people::deactivate")
        work.session.execute(told)


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


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_the_chain_of_every_organisation_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest, where: str
) -> None:
    server: Server | None = request.getfixturevalue("server") if where == "postgresql" else None
    url = server.create() if server else f"sqlite:///{tmp_path / 'home' / 'jindou.db'}"
    settings = {"database_url": url} if server else {}
    home = settle_at(tmp_path / "home", url) if server else make_home(tmp_path / "home")
    add_company(home, "Tower Lamps", **settings)
    broken = add_company(home, "Harbour Lights", **settings)
    code, checks = examine(home, capsys)
    assert (code, checks["audit"]["found"]) == (0, "2 events in 3 chains, unbroken")
    rename_in_trail(url, broken)
    code, found = look(home, capsys)
    whole, wrong = [check for check in found if check["name"] == "audit"]
    assert (code, whole["state"], wrong["state"]) == (1, "ok", "wrong")
    assert wrong["found"] == "Harbour Lights: Event 1 was changed: its content does not match its hash."
    assert '--as "Harbour Lights/…"' in wrong["remedy"]


def test_a_database_of_a_server_is_looked_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: Server
) -> None:
    code, checks = examine(settle_at(tmp_path / "home", server.create()), capsys)
    assert (code, checks["database"]["found"]) == (0, "`database_url` answers (psycopg)")
    assert {checks[name]["state"] for name in ("database", "schema", "vault", "audit")} == {"ok"}


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql+psycopg://jindou:s3cret@127.0.0.1:1/jindou", "`database_url` does not answer: "),
        ("postgresql+nothing://jindou:s3cret@127.0.0.1/jindou", "`database_url` can't be used."),
        ("jindou:s3cret@127.0.0.1", "`database_url` can't be used."),
        ("sqlite://", "`database_url` can't be used."),
    ],
)
def test_a_database_that_does_not_answer_is_wrong_and_its_url_is_not_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, found: str
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    (home.path / "jindou.toml").write_text(f'database_url = "{url}"\n', encoding="utf-8")
    code, checks = examine(home.path, capsys)
    assert (code, checks["database"]["state"]) == (1, "wrong")
    assert checks["database"]["found"].startswith(found)
    assert "s3cret" not in json.dumps(checks)
    assert not {"schema", "vault", "audit"} & checks.keys()


def test_secrets_that_others_may_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    (home.path / "secrets" / "operator.key").chmod(0o644)
    code, checks = examine(home.path, capsys)
    assert (code, checks["secrets"]["state"]) == (1, "wrong")
    assert "chmod" in checks["secrets"]["remedy"]

"""`jindou doctor`: what is open, what is wrong, and what to do."""

import json
import shutil
import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import psutil
import typer
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from jindou.cloud.secrets import Secrets, VaultKeyWrong, open_keys
from jindou.db import Database, DatabaseUnavailable, revision
from jindou.errors import JindouError
from jindou.home import Home
from jindou.identity.accounts import Accounts
from jindou.identity.audit import Audit
from jindou.identity.policy import Policy
from jindou.identity.principals import Principals
from jindou.settings import Settings, load_settings
from jindou.surfaces.cli.options import AsJson
from jindou.surfaces.cli.options import Home as HomeOption
from jindou.surfaces.cli.server import ask_status

__all__ = ["doctor"]

_LOW_DISK = 2_000_000_000
_GONE = {
    "secrets": "If it is gone for good, delete the rows of `secret` that it wrapped, and put them again.",
    "authenticators": "If it is gone for good, delete the rows of `account_totp`; then they come in without a code.",
}
_MARKS = {"ok": "✓", "warning": "!", "wrong": "✗"}


class Check(BaseModel):
    """One thing that was looked at, and what to do where it is not well."""

    name: str
    state: Literal["ok", "warning", "wrong"]
    found: str
    remedy: str = ""


def doctor(*, home: HomeOption = None, as_json: AsJson = False) -> None:
    """Say what is open, what is wrong, and what to do."""
    checks = list(_checks(home))
    wrong = [check for check in checks if check.state == "wrong"]
    if as_json:
        content = {"ok": not wrong, "checks": [check.model_dump() for check in checks]}
        typer.echo(json.dumps(content, ensure_ascii=False))
    else:
        for check in checks:
            typer.echo(f"{_MARKS[check.state]} {check.name:<10} {check.found}")
            if check.remedy:
                typer.echo(f"             → {check.remedy}")
    if wrong:
        raise typer.Exit(1)


def _checks(home: object) -> Iterator[Check]:
    try:
        settings = load_settings(home=home)
    except JindouError as error:
        yield Check(name="settings", state="wrong", found=error.message, remedy="Correct the setting.")
        return
    yield Check(name="settings", state="ok", found=f"home {settings.home}, port {settings.port}")
    place = Home(settings.home)
    if not place.path.exists():
        yield Check(name="home", state="warning", found="There is none yet.", remedy="`jindou up` makes it.")
        return
    yield from _folder(place)
    yield _secrets(place)
    url = settings.database_url or f"sqlite:///{place.database}"
    database = _database(url)
    yield database
    if database.state == "ok":
        yield from _rows(url, settings, place)
    yield _model(settings, place)
    yield from _server(place)


def _folder(place: Home) -> Iterator[Check]:
    try:
        probe = place.path / ".doctor"
        probe.touch()
        probe.unlink()
        yield Check(name="home", state="ok", found=f"{place.path} can be written")
    except OSError as error:
        remedy = "Give yourself the right to write there, or choose another home with --home."
        yield Check(name="home", state="wrong", found=f"{place.path}: {error.strerror}", remedy=remedy)
    free = shutil.disk_usage(place.path).free
    low = free < _LOW_DISK
    remedy = "Free some: the models and the database need it." if low else ""
    yield Check(name="disk", state="warning" if low else "ok", found=f"{free / 1e9:.1f} GB free", remedy=remedy)


def _secrets(place: Home) -> Check:
    folder = place.path / "secrets"
    loose = [p.name for p in (folder, *folder.glob("*")) if stat.S_IMODE(p.stat().st_mode) & 0o077]
    if loose:
        remedy = f"chmod -R go= {folder}"
        return Check(name="secrets", state="wrong", found=f"Others may read {', '.join(loose)}", remedy=remedy)
    return Check(name="secrets", state="ok", found="only you can read them")


def _database(url: str) -> Check:
    """Look whether the database is whole, or answers. Its URL may hold a password, so nothing of that is told."""
    try:
        # This connects to nothing yet.
        database = Database(url)
    except ImportError as error:
        remedy = "`pip install 'jindou[postgresql]'` brings the driver of PostgreSQL."
        return Check(name="database", state="wrong", found=f"`database_url`: {error}", remedy=remedy)
    except (SQLAlchemyError, ValueError, TypeError):
        remedy = "Write it as SQLAlchemy takes it, such as postgresql+psycopg://jindou:…@db/jindou."
        return Check(name="database", state="wrong", found="`database_url` can't be used.", remedy=remedy)
    with closing(database):
        return _file(Path(database.engine.url.database or "")) if database.is_sqlite else _answer(database)


def _file(file: Path) -> Check:
    if not file.exists():
        return Check(name="database", state="warning", found="There is none yet.", remedy="`jindou up` makes it.")
    try:
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        found: str = connection.execute("PRAGMA quick_check").fetchone()[0]
        mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
        connection.close()
    except sqlite3.Error as error:
        found, mode = str(error), "?"
    if found != "ok":
        remedy = "Stop Jindou and restore the file from a backup."
        return Check(name="database", state="wrong", found=f"{file}: {found}", remedy=remedy)
    return Check(name="database", state="ok", found=f"{file} is whole ({mode})")


def _answer(database: Database) -> Check:
    try:
        revision(database)
    except SQLAlchemyError as error:
        found = f"`database_url` does not answer: {str(error).splitlines()[0]}"
        remedy = "Start its server, or correct the setting. Trail and vault were not looked at."
        return Check(name="database", state="wrong", found=found, remedy=remedy)
    return Check(name="database", state="ok", found=f"`database_url` answers ({database.engine.driver})")


def _rows(url: str, settings: Settings, place: Home) -> Iterator[Check]:
    """Look at what is in the database: its schema, what the vault's key has sealed, and the audit trails."""
    database = Database(url)
    try:
        at = revision(database)
        if at is None:
            yield Check(name="schema", state="warning", found="There is none yet.", remedy="`jindou up` makes it.")
            return
        with database.reading(None) as work:
            sealed = {"secrets": Secrets.samples(work), "authenticators": Accounts.samples(work)}
        trails = _trails(database, place)
    except (DatabaseUnavailable, SQLAlchemyError) as error:
        remedy = "Try again when nothing else uses it; if it stays so, restore it from a backup."
        yield Check(name="schema", state="wrong", found=str(error).splitlines()[0], remedy=remedy)
        return
    finally:
        database.close()
    yield Check(name="schema", state="ok", found=f"revision {at}")
    yield from _vault(settings, place, sealed)
    yield from trails


def _trails(database: Database, place: Home) -> list[Check]:
    """Check the chain of every organisation, and name those that are broken."""
    audit = Audit(place.published_heads, Policy({}, {}))
    with database.reading(None) as work:
        names = Principals().organisation_names(work)
    whole: list[int] = []
    wrong: list[Check] = []
    for org_id, name in names.items():
        # Each in a transaction of its own, so that it is no older than what was published of its head.
        with database.reading(org_id) as work:
            trail = audit.examine(work, org_id)
        if trail.ok:
            whole.append(trail.events)
            continue
        found, by = trail.findings[0].message, "manager"
        if len(names) > 1:
            found, by = f"{name}: {found}", f'"{name}/…"'
        remedy = f"Somebody has changed the database. `jindou audit verify --as {by}` lists every finding."
        wrong.append(Check(name="audit", state="wrong", found=found, remedy=remedy))
    if not whole:
        return wrong
    chains = f" in {len(whole)} chains" if len(whole) > 1 else ""
    return [Check(name="audit", state="ok", found=f"{sum(whole)} events{chains}, unbroken"), *wrong]


def _vault(
    settings: Settings, place: Home, sealed: Mapping[str, Sequence[tuple[str, bytes, bytes]]]
) -> Iterator[Check]:
    """Open one of what each key of the vault has wrapped: without its key Jindou does not start."""
    if not any(sealed.values()):
        yield Check(name="vault", state="ok", found="empty")
        return
    remedy = "Put the key back where it was: secrets/vault.key of the home, `vault_key` or `vault_command`."
    for what, samples in sealed.items():
        for key_id, wrapped, bound_to in samples:
            try:
                keys = open_keys(place.vault_key, settings.vault_key.get_secret_value(), settings.vault_command)
                if not keys.knows(key_id):
                    raise VaultKeyWrong(f"The key {key_id} is not here.")
                keys.unwrap(key_id, wrapped, bound_to)
            except JindouError as error:
                found = f"The {what} do not open: {error.message}"
                yield Check(name="vault", state="wrong", found=found, remedy=f"{remedy} {_GONE[what]}")
                return
    told = " and ".join(what for what, samples in sealed.items() if samples)
    yield Check(name="vault", state="ok", found=f"its key opens {told}")


def _model(settings: Settings, place: Home) -> Check:
    folder = settings.models_dir or place.models
    files = sorted(path.name for path in folder.glob("*.gguf")) if folder.exists() else []
    if not files:
        return Check(name="model", state="warning", found="none fetched yet", remedy="`jindou up` fetches it.")
    return Check(name="model", state="ok", found=", ".join(files))


def _server(place: Home) -> Iterator[Check]:
    server = place.server() if place.is_locked() else None
    if server is None and place.is_locked():
        yield Check(name="server", state="ok", found="starting", remedy="Ask again once `jindou up` says it is ready.")
        return
    if server is None:
        yield Check(name="server", state="ok", found="not running", remedy="`jindou up` starts it.")
        return
    try:
        answer = ask_status(server)
    except JindouError as error:
        remedy = f"See {place.server_log}; `jindou down` and `jindou up` start it anew."
        yield Check(name="server", state="wrong", found=error.message, remedy=remedy)
        return
    yield Check(name="server", state="ok", found=f"{server['url']} (pid {server['pid']})")
    yield _engine(place, answer["engine"])
    yield _sockets(int(server["pid"]))


def _engine(place: Home, engine: dict[str, Any]) -> Check:
    ready = engine["state"] == "ready"
    remedy = "" if ready else f"It is restarted by itself; {place.engine_log} says why."
    found = f"{engine['model']} is {engine['state']}, restarted {engine['restarts']} times"
    return Check(name="engine", state="ok" if ready else "wrong", found=found, remedy=remedy)


def _sockets(pid: int) -> Check:
    """Look at every port that the server and its children listen on."""
    server = psutil.Process(pid)
    addresses = sorted(
        f"{connection.laddr.ip}:{connection.laddr.port}"
        for process in (server, *server.children(recursive=True))
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    )
    open_ = [address for address in addresses if not address.startswith(("127.", "::1"))]
    if open_:
        found = f"reachable from outside: {', '.join(open_)}"
        return Check(name="sockets", state="wrong", found=found, remedy="Stop Jindou and report this.")
    return Check(name="sockets", state="ok", found=f"loopback only: {', '.join(addresses)}")

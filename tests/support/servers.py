"""A PostgreSQL server of the test run's own, where one is installed; it never runs as root."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from jindou.db import Database, migrate
from jindou.telemetry import Clock
from support.server import free_port

__all__ = ["Server", "open_server"]

_START_SECONDS = 120.0


class Server:
    """A running server; each database is a copy of one that has been migrated."""

    def __init__(self, port: int, launch: Callable[[], "subprocess.Popen[Any]"], folder: Path) -> None:
        self._port = port
        self._launch = launch
        self.folder = folder
        self._log = folder / "log"
        self._made = 0
        self.start()

    def start(self) -> None:
        """Be there, or be back."""
        self._process = self._launch()
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._do("SELECT 1")
            except SQLAlchemyError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"PostgreSQL did not start: {self.log()[-2000:]}")
                time.sleep(0.1)
            else:
                return

    def lives(self) -> bool:
        """Say whether it is there."""
        return self._process.poll() is None

    def log(self) -> str:
        """Return what it has written."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Be gone, at once and whoever is connected."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=_START_SECONDS)

    def end(self) -> None:
        """Be gone for good: nothing is written to disk that nobody will read."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=_START_SECONDS)

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql+psycopg://jindou@127.0.0.1:{self._port}/{name}"

    def create(self, template: str = "migrated") -> str:
        """Make a database and return its address."""
        self._made += 1
        self._do(f"CREATE DATABASE test_{self._made} TEMPLATE {template}")
        return self.url(f"test_{self._made}")

    def dump(self, url: str) -> bytes:
        """Return a database as a backup has it."""
        address = url.replace("+psycopg", "")
        done = subprocess.run([_programs() / "pg_dump", address], check=True, capture_output=True, timeout=60)
        return done.stdout

    def prepare(self) -> None:
        """Make the database that others are copies of."""
        self._do("CREATE DATABASE migrated")
        database = Database(self.url("migrated"))
        migrate(database)
        database.close()

    def _do(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def open(self, clock: Clock | None = None) -> Database:
        """Open a migrated database of its own."""
        return Database(self.create(), clock=clock)


@contextmanager
def open_server(
    *, durable: bool = False, environment: Mapping[str, str] | None = None, room: int = 0
) -> Generator[Server]:
    """Start a server on a free loopback port; skip the test where none is installed.

    A test's data need not outlive the machine; with `durable` a commit is on disk before it returns. `environment` is
    the server's beside this one. With `room` its folder is a disk of so many bytes.
    """
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="jindou-postgres-"))
    with _disk(folder, room) if room else nullcontext():
        if account:
            shutil.chown(folder, account["user"])
        with _running(folder, programs, account, durable=durable, environment=environment or {}) as server:
            yield server
    # Each database is some hundred files, and the tests make hundreds: `rm` is done with them in seconds.
    subprocess.run(["rm", "-rf", "--", str(folder)], check=False)


@contextmanager
def _disk(folder: Path, room: int) -> Generator[None]:
    """Lay a disk of so many bytes over a folder; skip the test where this account may not."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={room},mode=0755", "none", str(folder)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True, timeout=30)
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"No small disk can be made here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=30)


@contextmanager
def _running(
    folder: Path, programs: Path, account: Mapping[str, Any], *, durable: bool, environment: Mapping[str, str]
) -> Generator[Server]:
    data = folder / "data"
    _run(
        [programs / "initdb", "--auth=trust", "--username=jindou", "--no-sync", "--encoding=UTF8", "-D", data], account
    )
    port = free_port()
    settings = ("-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1")
    settings += ("-c", f"fsync={'on' if durable else 'off'}")

    def launch() -> "subprocess.Popen[Any]":
        told = (f"{name}={value}" for name, value in environment.items())
        command = ["env", *told, programs / "postgres", "-D", data, "-p", str(port), *settings]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, **account)

    server = Server(port, launch, folder)
    try:
        server.prepare()
        yield server
    finally:
        server.end()


def _programs() -> Path:
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found or not (found[-1] / "initdb").exists():
        pytest.skip("PostgreSQL is not installed.")
    return found[-1]


def _account() -> dict[str, Any]:
    """Return how to run as somebody else than root, which PostgreSQL refuses."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}
    pytest.skip("There is nobody but root to run PostgreSQL.")


def _run(command: list[Any], account: Mapping[str, Any]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120, **account)

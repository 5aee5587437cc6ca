"""Servers in processes of their own, on one database."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

__all__ = ["serving", "session_of"]


@contextmanager
def serving(script: str, home: Path, database_url: str, patience: float) -> Generator[httpx.Client]:
    """Have `script` serve from `home` by its ``--serve``, and reach it; it is to serve until its input ends."""
    home.mkdir()
    (home / "jindou.toml").write_text(f'database_url = "{database_url}"\n', encoding="utf-8")
    command = [sys.executable, script, "--serve", str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        url, operator = json.loads(process.stdout.readline()) if process.stdout else ("", "")
        headers = {"x-operator": f"Bearer {operator}"}
        with httpx.Client(base_url=url, headers=headers, timeout=patience, trust_env=False) as client:
            yield client
        process.communicate()


def session_of(client: httpx.Client, handle: str) -> dict[str, str]:
    """Return the headers of a new session of somebody's at a server."""
    operator = {"Authorization": client.headers["x-operator"]}
    opened = client.post("/api/sessions", json={"person": handle}, headers=operator).raise_for_status()
    return {"Authorization": f"Bearer {opened.json()['token']}"}

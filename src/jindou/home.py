"""The home folder: where everything of one installation lies, who holds it, and its secrets.

home/
  jindou.toml       settings, if any
  engine.toml       the engine that `jindou models tune` found to be the fastest, if it was asked
  jindou.db         the platform's database
  secrets/          mode 0700; made at the first start, never defaults
  run/              server.json says where a running server listens, engines.json where its engines do
  slots/            what local models have read of the beginning of conversations
  logs/  models/  packs/  audit/
"""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from jindou.errors import Conflict, Unavailable

__all__ = ["AlreadyRunning", "Home", "HomeUnwritable"]

_WEBHOOK_SECRET = "whsec_"  # noqa: S105 - what every secret begins with, not one
_FOLDERS = ("secrets", "secrets/engines", "run", "slots", "logs", "models", "packs", "audit")


class AlreadyRunning(Conflict):
    """Another process has this home."""

    code = "already_running"


class HomeUnwritable(Unavailable):
    """The home folder can't be made or written."""

    code = "home_unwritable"


class Home:
    """The folder of one installation. `lock` it before writing into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "jindou.db"
        self.models = path / "models"
        self.prices = path / "prices.yaml"
        self.tuned_engine = path / "engine.toml"
        self.packs = path / "packs"
        self.published_heads = path / "audit" / "heads.jsonl"
        self.server_log = path / "logs" / "jindou.log"
        self.engine_log = path / "logs" / "engine.log"
        self.embeddings_log = path / "logs" / "embeddings.log"
        self.slots = path / "slots"
        self.engine_keys = path / "secrets" / "engines"
        self.server_file = path / "run" / "server.json"
        self.engines_file = path / "run" / "engines.json"
        self.embeddings_file = path / "run" / "embeddings.json"
        self._lock_file = path / "run" / "lock"
        self.vault_key = path / "secrets" / "vault.key"
        self._operator_key = path / "secrets" / "operator.key"
        self._link_key = path / "secrets" / "links.key"
        self._webhook_key = path / "secrets" / "webhook.key"
        self._lock: IO[str] | None = None

    def prepare(self) -> None:
        """Make the folders and the secrets that are missing.

        Raises:
            HomeUnwritable: the folder can't be made or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in _FOLDERS:
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
            for key in (self._operator_key, self._link_key):
                if not key.exists():
                    _put_private(key, secrets.token_hex(32))
            if not self._webhook_key.exists():
                _put_private(self._webhook_key, _WEBHOOK_SECRET + base64.b64encode(secrets.token_bytes(32)).decode())
        except OSError as error:
            told = f"The home folder {self.path} can't be written ({error.strerror}). Choose another with --home."
            raise HomeUnwritable(told) from None

    def lock(self) -> None:
        """Take the home for this process, until it ends.

        Raises:
            AlreadyRunning: another process has it; the message says where it listens.
        """
        file = self._lock_file.open("a", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            server = self.server()
            where = f" at {server['url']} (pid {server['pid']})" if server else ""
            raise AlreadyRunning(f"Jindou is already running on {self.path}{where}. `jindou down` stops it.") from None
        # What a killed process announced holds no more: its pid may be another program's by now.
        self.server_file.unlink(missing_ok=True)
        self.engines_file.unlink(missing_ok=True)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._lock = file

    def is_locked(self) -> bool:
        """Say whether a process has this home."""
        if not self._lock_file.exists():
            return False
        with self._lock_file.open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
            return False

    def holder(self) -> int | None:
        """Return the process that has this home, also while it only starts."""
        if not self.is_locked():
            return None
        told = self._lock_file.read_text(encoding="utf-8") or (self.server() or {}).get("pid")
        return int(told) if told else None

    def unlock(self) -> None:
        """Give the home back."""
        self.server_file.unlink(missing_ok=True)
        self.engines_file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def operator_key(self) -> str:
        """Return the local operator's key: whoever can read it owns the home anyway."""
        return self._operator_key.read_text(encoding="utf-8").strip()

    def link_key(self) -> bytes:
        """Return the key that signs the links with which people decide."""
        return bytes.fromhex(self._link_key.read_text(encoding="utf-8").strip())

    def webhook_key(self) -> bytes:
        """Return the key that signs webhooks; its file has it as other systems take it: ``whsec_…``."""
        return base64.b64decode(self._webhook_key.read_text(encoding="utf-8").strip().removeprefix(_WEBHOOK_SECRET))

    def announce(self, url: str) -> None:
        """Write where this process listens."""
        _put_private(self.server_file, json.dumps({"url": url, "pid": os.getpid()}))

    def announce_engines(self, standing: str, engines: Sequence[Mapping[str, object]]) -> None:
        """Write where the local engines listen, and their keys, for the other processes of this installation.

        `standing` is the model that everybody has.
        """
        told = {"pid": os.getpid(), "standing": standing, "engines": [dict(one) for one in engines]}
        _put_private(self.engines_file, json.dumps(told))

    def standing_model(self) -> str | None:
        """Return the model that the running server gives to everybody, or None while none runs."""
        try:
            content: dict[str, Any] = json.loads(self.engines_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return str(content["standing"])

    def server(self) -> dict[str, Any] | None:
        """Return `url` and `pid` of the server that announced itself, or None."""
        try:
            content: dict[str, Any] = json.loads(self.server_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content


def _put_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

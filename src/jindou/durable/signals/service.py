"""Messages over the database: NOTIFY on PostgreSQL; on SQLite there is one process, and it hears itself.

A message may be lost, with a connection or with a server. It says where to look, and is never what is true.
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from jindou.db import Database, Work
from jindou.errors import Invalid
from jindou.telemetry import get_logger

__all__ = ["Signals"]

Listener = Callable[[str], None]

_DRIVER = "psycopg"
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 1.0
_NOTIFY = "SELECT count(pg_notify(topic, text)) FROM unnest(%s::text[], %s::text[]) AS told (topic, text)"
_log = get_logger(__name__)


class Signals:
    """Listeners by topic, which is a name that PostgreSQL takes unquoted. A text has 7,900 bytes at most.

    A listener is called from a thread of ours and must return at once. It hears an empty text after a time in which
    messages may have been lost.
    """

    def __init__(self, database: Database) -> None:
        driver = database.engine.driver
        if not database.is_sqlite and driver != _DRIVER:
            told = f"PostgreSQL is reached with {_DRIVER}, not {driver}: postgresql+{_DRIVER}://…"
            raise Invalid(told, field="database_url", rule=f"postgresql+{_DRIVER}")
        self._database = database
        self._name = os.urandom(4).hex()
        self._listeners: dict[str, list[Listener]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="signals", daemon=True)

    @property
    def is_alone(self) -> bool:
        """Whether there are no other processes to tell."""
        return self._database.is_sqlite

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Call `listener` with every text of a topic, for good. All subscribe before the start."""
        self._listeners.setdefault(topic, []).append(listener)

    def start(self) -> None:
        """Begin to hear other processes."""
        if self._listeners and not self.is_alone:
            self._thread.start()

    def stop(self) -> None:
        """Hear them no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=_LOOK_SECONDS * 3)

    def publish(self, work: Work, topic: str, text: str = "") -> None:
        """Tell everybody once the transaction is durable; never if it fails."""
        work.after_commit(lambda: self._hear(topic, text))
        self.publish_elsewhere(work, topic, text)

    def publish_elsewhere(self, work: Work, topic: str, text: str) -> None:
        """Tell the other processes once the transaction is durable; what was told in it already is told once."""
        if not self.is_alone:
            work.at_end(self._notify, (topic, text))

    def send_elsewhere(self, topic: str, texts: Sequence[str]) -> None:
        """Tell the other processes now.

        Raises:
            DatabaseUnavailable: the database is gone.
        """
        if self.is_alone:
            return
        with self._database.writing(None) as work:
            # Nothing is kept, so nothing has to reach the disk.
            work.aside.run("SET LOCAL synchronous_commit = off")
            self._notify(work, [(topic, text) for text in texts])

    def _notify(self, work: Work, told: Sequence[tuple[str, str]]) -> None:
        once = list(dict.fromkeys(told))
        topics, texts = [topic for topic, _ in once], [f"{self._name} {text}" for _, text in once]
        work.aside.read(_NOTIFY, (topics, texts))

    def _hear(self, topic: str, text: str) -> None:
        for listener in self._listeners.get(topic, ()):
            listener(text)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next connection may do
                _log.warning("no signals are heard", extra={"fields": {"error": str(error)}})
                self._stopping.wait(_PAUSE_SECONDS)

    def _listen(self) -> None:
        pooled = self._database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        try:
            connection.autocommit = True
            for topic in self._listeners:
                connection.execute(f"LISTEN {topic}")
                self._hear(topic, "")
            while not self._stopping.is_set():
                for message in connection.notifies(timeout=_LOOK_SECONDS):
                    sender, _, text = message.payload.partition(" ")
                    if sender != self._name:
                        self._hear(message.channel, text)
        finally:
            connection.close()

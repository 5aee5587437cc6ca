"""Logging: one JSON object a line."""

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from typing_extensions import override

from jindou.hiding import guard_streams, scrubbed

__all__ = ["configure_logging", "get_logger"]


class _JsonFormatter(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": scrubbed(record.name),
            "event": scrubbed(record.getMessage()),
        }
        fields: object = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line["fields"] = _scrubbed(fields)
        if record.exc_info:
            line["error"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _scrubbed(value: Any) -> Any:
    """Return a value of a log line as JSON, each text of it scrubbed before JSON escapes it."""
    match value:
        case None | bool() | int() | float() if scrubbed(str(value)) == str(value):
            return value
        case Mapping():
            members = cast("Mapping[object, object]", value)
            return {scrubbed(str(name)): _scrubbed(member) for name, member in members.items()}
        case list() | tuple() | set() | frozenset():
            return [_scrubbed(item) for item in cast("Iterable[object]", value)]
        case _:
            return scrubbed(str(value))


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module; pass values as `extra={"fields": {...}}`, never in the message."""
    return logging.getLogger(name)


def configure_logging(path: Path, level: str) -> None:
    """Send every log record to the file `path`, one JSON object a line; what is printed is scrubbed as well."""
    guard_streams()
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

"""Logging: one JSON object a line."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from typing_extensions import override

from jindou.hiding import guard_streams, may_tell, scrubbed

__all__ = ["configure_logging", "get_logger"]


class _JsonFormatter(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields: object = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line["fields"] = _plain(fields)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        # Asked once for the whole line; only where it may be needed is each text looked at by itself.
        is_clean = not may_tell("\n".join(_texts(line)))
        return json.dumps(line if is_clean else _scrubbed(line), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Return a value of a log line as JSON has it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            members = cast("Mapping[object, object]", value)
            return {str(name): _plain(member) for name, member in members.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in cast("Iterable[object]", value)]
        case _:
            return str(value)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, member in cast("dict[str, Any]", value).items():
                yield name
                yield from _texts(member)
        case list():
            for item in cast("list[Any]", value):
                yield from _texts(item)
        case _:
            yield str(value)


def _scrubbed(value: Any) -> Any:
    """Return a value of a log line, each text of it scrubbed before JSON escapes it."""
    match value:
        case None | bool() | int() | float() if scrubbed(str(value)) == str(value):
            return value
        case dict():
            return {scrubbed(name): _scrubbed(member) for name, member in cast("dict[str, Any]", value).items()}
        case list():
            return [_scrubbed(item) for item in cast("list[Any]", value)]
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

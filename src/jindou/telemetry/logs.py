"""Logging: one JSON object a line."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

from typing_extensions import override

from jindou.hiding import scrubbed

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
            line["fields"] = fields
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return scrubbed(json.dumps(line, ensure_ascii=False, default=str))


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module; pass values as `extra={"fields": {...}}`, never in the message."""
    return logging.getLogger(name)


def configure_logging(path: Path, level: str) -> None:
    """Send every log record to the file `path`, one JSON object a line."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

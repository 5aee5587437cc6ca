"""Values as the driver has them: what SQLAlchemy's types write and read, made with less ado."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import JSON, Dialect
from sqlalchemy.types import TypeEngine

from jindou.db.metadata import UtcDateTime

__all__ = ["read_form", "write_form"]

Form = Callable[[Any], Any]


def write_form(of: TypeEngine[Any], dialect: Dialect) -> Form | None:
    """Return what puts the values of a type into the driver's form, where that is another one."""
    if isinstance(of, UtcDateTime) and dialect.name == "sqlite":
        return _write_time
    if isinstance(of, JSON):
        return _write_json
    return of.dialect_impl(dialect).bind_processor(dialect)


def read_form(of: TypeEngine[Any], dialect: Dialect) -> Form | None:
    """Return what makes values of a type out of what the driver gives, where that is something else."""
    if isinstance(of, UtcDateTime):
        return _read_time
    if isinstance(of, JSON) and dialect.name == "sqlite":
        return _read_json
    return of.dialect_impl(dialect).result_processor(dialect, None)


def _write_time(at: datetime | None) -> str | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError("A time without a zone can't be stored.")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _read_time(told: str | datetime | None) -> datetime | None:
    if told is None:
        return None
    at = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _write_json(value: object) -> str:
    try:
        return to_json(value).decode()
    except ValueError:
        # Half a surrogate pair, which a model may write: Python's own writer takes it.
        return json.dumps(value)


def _read_json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)

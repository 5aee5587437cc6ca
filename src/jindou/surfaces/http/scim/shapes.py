"""What JSON that nobody has looked at yet may be."""

from typing import Any, cast

__all__ = ["Resource", "list_of", "object_of", "objects_of"]

Resource = dict[str, Any]


def object_of(value: object) -> Resource | None:
    """Return an object, or None for anything else."""
    return cast("Resource", value) if isinstance(value, dict) else None


def list_of(value: object) -> list[Any] | None:
    """Return a list, or None for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def objects_of(value: object) -> list[Resource]:
    """Return the objects of a list, copied; nothing of anything else."""
    found = (object_of(one) for one in list_of(value) or [])
    return [dict(one) for one in found if one is not None]

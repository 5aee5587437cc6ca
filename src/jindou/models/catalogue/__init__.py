"""The models that can be had, whether one fits, and pulling it."""

from jindou.models.catalogue.pulling import find, pull
from jindou.models.catalogue.service import choose, get_entry, list_entries
from jindou.models.catalogue.types import (
    DiskFull,
    ModelEntry,
    ModelUnavailable,
    Progress,
    Reporter,
    UnknownModel,
    WrongBytes,
)

__all__ = [
    "DiskFull",
    "ModelEntry",
    "ModelUnavailable",
    "Progress",
    "Reporter",
    "UnknownModel",
    "WrongBytes",
    "choose",
    "find",
    "get_entry",
    "list_entries",
    "pull",
]

"""Access by every door, held against an oracle that was written from the documentation alone."""

from support.access.cases import Found
from support.access.company import Company, open_company
from support.access.fuzz import Mix, fuzz, smallest

__all__ = ["Company", "Found", "Mix", "fuzz", "open_company", "smallest"]

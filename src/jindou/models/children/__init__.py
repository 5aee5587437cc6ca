"""Child processes that hold a model, so that one which crashes takes nothing else with it."""

from jindou.models.children.hosting import host
from jindou.models.children.supervisor import ChildState, Supervisor

__all__ = ["ChildState", "Supervisor", "host"]

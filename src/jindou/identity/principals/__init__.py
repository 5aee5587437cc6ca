"""Organisations, people, and the principal a request acts for."""

from jindou.identity.principals.service import Principals
from jindou.identity.principals.types import Person, Principal

__all__ = ["Person", "Principal", "Principals"]

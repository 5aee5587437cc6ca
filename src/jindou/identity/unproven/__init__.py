"""Whoever has begun to sign in and proved nothing yet: there is room for many, and nobody takes it from others."""

from jindou.identity.unproven.room import make_room
from jindou.identity.unproven.sources import source_of
from jindou.identity.unproven.tables import Unproven

__all__ = ["Unproven", "make_room", "source_of"]

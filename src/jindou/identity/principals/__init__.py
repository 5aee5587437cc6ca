from jindou.identity.principals.types import Person, Principal

__all__ = ["Person", "Principal"]

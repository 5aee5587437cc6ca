"""`jindou people`."""

from jindou.surfaces.cli.options import command_group
from jindou.surfaces.cli.profiles import add_verbs

__all__ = ["group"]

group = command_group("People: who joins, changes and leaves.")
add_verbs(group, lambda client: client.people)

"""The console script's way in."""

from jindou.surfaces.cli import main

__all__ = ["main"]

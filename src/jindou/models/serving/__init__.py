"""Engines at work here: opened by their names."""

from jindou.models.serving.opening import open_engine

__all__ = ["open_engine"]

"""Which build of the engine is the fastest here, by measurement, and remembering it."""

from jindou.models.tuning.measuring import BUILDS, Figures, Setup, best, installed, measure, setups

__all__ = [
    "BUILDS",
    "Figures",
    "Setup",
    "best",
    "installed",
    "measure",
    "setups",
]

"""Which build of the engine is the fastest here, by measurement, and remembering it."""

from jindou.models.tuning.choice import EngineChoice, choose_engine, forget, remember
from jindou.models.tuning.measuring import BUILDS, Figures, Setup, best, installed, measure, setups

__all__ = [
    "BUILDS",
    "EngineChoice",
    "Figures",
    "Setup",
    "best",
    "choose_engine",
    "forget",
    "installed",
    "measure",
    "remember",
    "setups",
]

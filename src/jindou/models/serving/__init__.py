"""The models at work on this machine: opened by the name of their engine, several at once in a budget of memory."""

from jindou.models.serving.choice import EngineChoice, choose_engine, remember, version_of
from jindou.models.serving.held import HeldModels
from jindou.models.serving.installed import local_models, open_catalogue, remote_models
from jindou.models.serving.opening import open_engine
from jindou.models.serving.types import LocalEngine, Models, Reuse

__all__ = [
    "EngineChoice",
    "HeldModels",
    "LocalEngine",
    "Models",
    "Reuse",
    "choose_engine",
    "local_models",
    "open_catalogue",
    "open_engine",
    "remember",
    "remote_models",
    "version_of",
]

"""The models at work on this machine: opened by the name of their engine, several at once in a budget of memory."""

from jindou.models.serving.held import HeldModels
from jindou.models.serving.installed import local_models, open_catalogue, remote_models
from jindou.models.serving.local import LocalModels, Need
from jindou.models.serving.opening import open_engine
from jindou.models.serving.remote import RemoteModels
from jindou.models.serving.types import LocalEngine, Models, Reuse

__all__ = [
    "HeldModels",
    "LocalEngine",
    "LocalModels",
    "Models",
    "Need",
    "RemoteModels",
    "Reuse",
    "local_models",
    "open_catalogue",
    "open_engine",
    "remote_models",
]

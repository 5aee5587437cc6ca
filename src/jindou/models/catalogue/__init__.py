"""The models that can be had, whether one fits, what one costs, and pulling it."""

from jindou.models.catalogue.adding import AddAsk
from jindou.models.catalogue.catalogue import Catalogue
from jindou.models.catalogue.fitting import Fit
from jindou.models.catalogue.pulling import pull
from jindou.models.catalogue.service import Models
from jindou.models.catalogue.shelf import get_entry
from jindou.models.catalogue.types import ModelEntry, Progress, Reporter, WrongBytes
from jindou.models.catalogue.wire import Model, Pull

__all__ = [
    "AddAsk",
    "Catalogue",
    "Fit",
    "Model",
    "ModelEntry",
    "Models",
    "Progress",
    "Pull",
    "Reporter",
    "WrongBytes",
    "get_entry",
    "pull",
]

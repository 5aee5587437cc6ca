"""`/v1/models`: what a key is good for."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from jindou.models.completions import ServedModel
from jindou.surfaces.door import platform_of
from jindou.surfaces.http.v1.holder import Holder

__all__ = ["router"]

router = APIRouter(prefix="/models")


class Model(BaseModel):
    """A model; `created` is since when it is served here, in seconds since 1970."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "jindou"


class ModelList(BaseModel):
    """Every model that the key is good for."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("")
def list_models(request: Request, holder: Holder) -> ModelList:
    """Return the models that the key is good for."""
    return ModelList(data=[_model(model) for model in platform_of(request).completions.list_models(holder)])


@router.get("/{name:path}")
def get(request: Request, holder: Holder, name: str) -> Model:
    """Return one model."""
    return _model(platform_of(request).completions.get_model(holder, name))


def _model(model: ServedModel) -> Model:
    return Model(id=model.name, created=int(model.since.timestamp()))

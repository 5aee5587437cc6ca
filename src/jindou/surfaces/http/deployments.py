"""`/api/deployments`: the models that there are, and the engines behind them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from jindou.identity.principals import Principal
from jindou.models.deployments import Deployment, DeploymentAsk, EngineView, ModelName
from jindou.surfaces.door import platform_of, reading, require_operator, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/deployments", tags=["deployments"])
Who = Annotated[Principal, Depends(signed_in)]
_LOAD_SECONDS = 180.0


class LocalModel(BaseModel):
    """A model of this machine, by its name in the catalogue."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName


@router.get("")
def list_deployments(request: Request, who: Who) -> list[Deployment]:
    """Return every deployment, by name."""
    return list(platform_of(request).deployments.list(who.org_id))


@router.post("", status_code=201)
def create(request: Request, who: Who, asked: DeploymentAsk) -> Deployment:
    """Make a deployment."""
    with writing(request) as work:
        return platform_of(request).deployments.create(work, who, asked)


@router.get("/engines")
def engines(request: Request, who: Who) -> Sequence[EngineView]:
    """Return how each engine is, and what it has to do."""
    with reading(request) as work:
        return platform_of(request).deployments.engines(work, who)


@router.post("/serving")
def serve(request: Request, who: Who, asked: LocalModel) -> Deployment:
    """Give everybody a model of this machine, and begin to load it."""
    with writing(request) as work:
        return platform_of(request).deployments.serve(work, who, asked.model)


@router.post("/retirement", status_code=204)
def retire(request: Request, who: Who, asked: LocalModel) -> None:
    """Take a model of this machine back, and end it."""
    with writing(request) as work:
        platform_of(request).deployments.retire(work, who, asked.model)


@router.post("/loading", status_code=204)
def load(request: Request, asked: LocalModel) -> None:
    """Load a model of this machine for another process of this installation, and answer once it is there."""
    require_operator(request)
    platform_of(request).deployments.load(asked.model, _LOAD_SECONDS)


@router.get("/{name:path}")
def get(request: Request, who: Who, name: str) -> Deployment:
    """Return one deployment."""
    return platform_of(request).deployments.get(who.org_id, name)


@router.put("/{name:path}")
def update(request: Request, who: Who, name: str, asked: DeploymentAsk) -> Deployment:
    """Give a deployment other members, another context or another name."""
    with writing(request) as work:
        return platform_of(request).deployments.update(work, who, name, asked)


@router.delete("/{name:path}", status_code=204)
def delete(request: Request, who: Who, name: str) -> None:
    """Take a deployment away; requests under way go on."""
    with writing(request) as work:
        platform_of(request).deployments.delete(work, who, name)

"""`/api/models`: the catalogue; managers fetch and remove."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from jindou.identity.principals import Principal
from jindou.models.catalogue import Model, Pull
from jindou.surfaces.door import platform_of, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/models", tags=["models"])
Who = Annotated[Principal, Depends(signed_in)]
Name = Annotated[str, Path(max_length=80)]


@router.get("")
def list_models(request: Request, who: Who) -> list[Model]:
    """Return every model of the catalogue as it stands on this machine, the smallest first."""
    return platform_of(request).models.list_models(who)


@router.get("/{name}")
def get(
    request: Request,
    who: Who,
    name: Name,
    context_tokens: Annotated[int, Query(ge=0, le=1 << 20)] = 0,
    slots: Annotated[int, Query(ge=0, le=64)] = 0,
) -> Model:
    """Return one model; whether it fits is counted for a context and slots, else for those of the settings."""
    return platform_of(request).models.get(who, name, context_tokens=context_tokens, slots=slots)


@router.post("/{name}/pull", status_code=202)
def pull(request: Request, who: Who, name: Name) -> Pull:
    """Begin to fetch a model, unless that is under way. Ask again how far it is."""
    with writing(request) as work:
        return platform_of(request).models.pull(work, who, name)


@router.get("/{name}/pull")
def get_pull(request: Request, who: Who, name: Name) -> Pull:
    """Return how far the last pull of a model is."""
    return platform_of(request).models.get_pull(who, name)


@router.delete("/{name}/pull")
def stop_pull(request: Request, who: Who, name: Name) -> Pull:
    """Stop a pull; what came is kept, and the next one goes on from there."""
    with writing(request) as work:
        return platform_of(request).models.stop_pull(work, who, name)


@router.post("/{name}/serving")
def serve(request: Request, who: Who, name: Name) -> Model:
    """Have a model answer under its name, until it is stopped."""
    with writing(request) as work:
        return platform_of(request).models.serve(work, who, name)


@router.delete("/{name}/serving", status_code=204)
def stop(request: Request, who: Who, name: Name) -> None:
    """Have a model not answer any more; its file stays."""
    with writing(request) as work:
        platform_of(request).models.stop_serving(work, who, name)


@router.delete("/{name}", status_code=204)
def remove(request: Request, who: Who, name: Name) -> None:
    """Remove a model's file, and its entry if somebody added it."""
    with writing(request) as work:
        platform_of(request).models.remove(work, who, name)

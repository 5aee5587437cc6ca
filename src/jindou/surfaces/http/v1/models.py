"""`/v1/models`: what a key is good for."""

import json
from urllib.parse import unquote

from jindou.surfaces.http.v1.call import Call

__all__ = ["get", "list_models"]

_PREFIX = "/v1/models/"


async def list_models(call: Call) -> None:
    """Return the models that the key is good for."""
    holder = await call.holder()
    names = [model.name for model in call.gateway.completions.list_models(holder)]
    names += call.gateway.embeddings.list_models(holder)
    await call.answer(200, json.dumps({"object": "list", "data": [_model(name) for name in names]}).encode())


async def get(call: Call) -> None:
    """Return one model."""
    name = unquote(call.path.removeprefix(_PREFIX))
    holder = await call.holder()
    holder.require_scope("models")
    if name not in call.gateway.embeddings.list_models(holder):
        name = call.gateway.completions.get_model(holder, name).name
    await call.answer(200, json.dumps(_model(name)).encode())


def _model(name: str) -> dict[str, object]:
    # `created` is part of the shape that clients read; a deployment has no such moment that would mean anything.
    return {"id": name, "object": "model", "created": 0, "owned_by": "jindou"}

"""`/v1/models`: what a key is good for."""

import json
from urllib.parse import unquote

from jindou.models.deployments import Deployment
from jindou.surfaces.http.v1.call import Call

__all__ = ["get", "list_models"]

_PREFIX = "/v1/models/"


async def list_models(call: Call) -> None:
    """Return the models that the key is good for."""
    models = call.gateway.completions.list_models(await call.holder())
    await call.answer(200, json.dumps({"object": "list", "data": [_model(model) for model in models]}).encode())


async def get(call: Call) -> None:
    """Return one model."""
    name = unquote(call.path.removeprefix(_PREFIX))
    await call.answer(200, json.dumps(_model(call.gateway.completions.get_model(await call.holder(), name))).encode())


def _model(model: Deployment) -> dict[str, object]:
    # `created` is part of the shape that clients read; a deployment has no such moment that would mean anything.
    return {"id": model.name, "object": "model", "created": 0, "owned_by": "jindou"}

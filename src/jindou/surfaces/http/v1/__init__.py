"""`/v1`: the models, as any OpenAI client asks them, with a key of a person."""

from fastapi import APIRouter

from jindou.surfaces.http.v1 import completions, models

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["v1"])
router.include_router(models.router)
router.include_router(completions.router)

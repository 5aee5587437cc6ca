"""Asking one model, or two side by side, and seeing everything about their answers."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()


@router.get("/playground")
def show(request: Request, model: str = "", other: str = "") -> Response:
    """Show the playground with `model`, and `other` beside it, chosen."""
    who = signed_in(request)
    services = platform_of(request)
    holder = services.keys.holder_of(who)
    holder.require_allowed()
    names = [deployment.name for deployment in services.gateway.completions.list_models(holder)]
    with reading(request) as work:
        waiting = services.approvals.count_waiting(work, who)
    texts = texts_in(language_of(request, who))
    return page(
        request,
        "playground.html",
        who=who,
        waiting=waiting,
        section="playground",
        models=names,
        chosen=[model if model in names else "", other if other in names else ""],
        state={"language": texts.language, "texts": texts.live(), "models": names},
    )

"""Where the console joins the application."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope
from typing_extensions import override

from jindou.surfaces.console import (
    account_proof,
    accounts,
    approval_links,
    approvals,
    audit,
    budgets,
    conversations,
    decisions,
    deployments,
    keys,
    models,
    people,
    playground,
    policies,
    readings,
    runs,
    secrets,
    services,
    sessions,
    sign_in,
    sso,
    sso_way,
    switches,
    teams,
    usage,
    webhooks,
)

__all__ = ["mount"]

_STATIC = Path(__file__).parent / "static"


def mount(app: FastAPI) -> None:
    """Add every page of the console to `app`, and its stylesheets and scripts under ``/static``."""
    for page in (
        sign_in,
        conversations,
        readings,
        runs,
        approval_links,
        approvals,
        usage,
        budgets,
        audit,
        decisions,
        policies,
        models,
        deployments,
        playground,
        keys,
        secrets,
        people,
        teams,
        services,
        account_proof,
        accounts,
        sessions,
        sso_way,
        sso,
        webhooks,
        switches,
    ):
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", _Assets(directory=_STATIC), name="static")


class _Assets(StaticFiles):
    """Files that a browser keeps but asks about each time, so that an upgrade shows at once."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

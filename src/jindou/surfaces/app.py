"""The application: JSON API, event streams and console on one loopback port."""

from fastapi import FastAPI

from jindou import __version__
from jindou.assembly import Platform
from jindou.surfaces import console
from jindou.surfaces.document import document
from jindou.surfaces.failures import add_failures
from jindou.surfaces.guard import Guard, Site
from jindou.surfaces.http import (
    accounts,
    approvals,
    assistants,
    audit,
    budgets,
    completions,
    conversations,
    decisions,
    deployments,
    keys,
    metrics,
    models,
    organisations,
    people,
    policies,
    principals,
    readings,
    runs,
    scim,
    secrets,
    service_accounts,
    sessions,
    sso,
    status,
    teams,
    usage,
    webhooks,
)
from jindou.surfaces.http.v1.asgi import InFront
from jindou.surfaces.http.v1.large import limits_of

__all__ = ["create_app"]

_ROOMS = (
    runs,
    approvals,
    conversations,
    readings,
    assistants,
    usage,
    budgets,
    audit,
    decisions,
    keys,
    secrets,
    deployments,
    models,
    completions,
    sessions,
    accounts,
    sso,
    webhooks,
    principals,
    people,
    policies,
    teams,
    service_accounts,
    organisations,
    scim,
    status,
    metrics,
)


def create_app(platform: Platform) -> FastAPI:
    """Return the application that serves `platform`, which the caller starts and stops."""
    app = FastAPI(title="Jindou", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.state.platform = platform
    for room in _ROOMS:
        app.include_router(room.router)
    console.mount(app)
    add_failures(app)
    document(app)
    site = Site(platform.settings.port, platform.settings.public_url)
    app.add_middleware(InFront, gateway=platform.gateway, site=site, limits=limits_of(platform.settings))
    app.add_middleware(Guard, site=site)
    return app

"""`/api/status`: how the server is, for anybody on this machine; it tells nothing of what is in it."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from jindou import __version__
from jindou.surfaces.door import platform_of, require_operator

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["status"])


class EngineStatus(BaseModel):
    """The model and the process that runs it."""

    state: str
    model: str
    pid: int | None
    rss_bytes: int | None
    restarts: int


class ServerStatus(BaseModel):
    """A running server."""

    version: str
    url: str
    engine: EngineStatus
    runs_waiting: int
    packs: dict[str, str]


class DemoReset(BaseModel):
    """What was made anew."""

    packs: dict[str, str]


@router.get("/status")
def status(request: Request) -> ServerStatus:
    """Return how the server is."""
    platform = platform_of(request)
    health = platform.engine.health()
    with platform.database.reading(None) as work:
        waiting = platform.queue.waiting(work, "run")
    return ServerStatus(
        version=__version__,
        url=platform.settings.url,
        engine=EngineStatus(
            state=health.state,
            model=platform.model,
            pid=health.pid,
            rss_bytes=health.rss_bytes,
            restarts=health.restarts,
        ),
        runs_waiting=waiting,
        packs={name: pack.describe() for name, pack in platform.packs.items()},
    )


@router.post("/demo/reset")
def reset_demo(request: Request) -> DemoReset:
    """Make the demo data anew; runs under way are cancelled. The ledger and the audit trail stay."""
    require_operator(request)
    platform = platform_of(request)
    platform.reset_demo()
    return DemoReset(packs={name: pack.describe() for name, pack in platform.packs.items()})

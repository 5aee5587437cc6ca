"""Where one is signed in, and signing out there; for administrators, when the glass was broken."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, seat_of, writing

__all__ = ["router"]

router = APIRouter()


@router.get("/sessions")
def list_sessions(request: Request) -> Response:
    """Show where one is signed in."""
    seat = seat_of(request)
    services = platform_of(request)
    with reading(request) as work:
        sessions = services.sessions.list_sessions(work, seat.who, seat.session_id)
        is_administrator = services.audit.may_read(seat.who)
        broken = services.sessions.broken_glass(work, seat.who) if is_administrator else []
        waiting = services.approvals.count_waiting(work, seat.who)
    return page(
        request,
        "sessions.html",
        who=seat.who,
        waiting=waiting,
        section="sessions",
        sessions=sessions,
        broken=broken,
    )


@router.post("/sessions/revocation")
def revoke_all(request: Request) -> Response:
    """Sign out everywhere else."""
    seat = seat_of(request)
    with writing(request) as work:
        platform_of(request).sessions.revoke_all(work, seat.who, but=seat.session_id)
    return RedirectResponse("/sessions", status_code=303)


@router.post("/sessions/{session_id}/revocation")
def revoke(request: Request, session_id: str) -> Response:
    """Sign out of one session."""
    seat = seat_of(request)
    with writing(request) as work:
        platform_of(request).sessions.revoke(work, seat.who, session_id)
    return RedirectResponse("/sessions", status_code=303)

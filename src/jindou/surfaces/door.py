"""What every page and endpoint begins with: who is there, and a unit of work in their organisation."""

import ipaddress
import secrets
from collections.abc import Generator
from contextlib import contextmanager

from fastapi import Request
from starlette.responses import Response

from jindou.assembly import Platform
from jindou.db import Work
from jindou.errors import Forbidden, Unauthenticated, Unavailable
from jindou.identity.accounts import Visit
from jindou.identity.principals import Principal
from jindou.identity.sessions import Arrival, Method, Place, Seat
from jindou.surfaces.cookies import CHALLENGE, DEVICE, PENDING, SESSION

__all__ = [
    "MOST",
    "MustEnrol",
    "arrival_of",
    "bearer",
    "challenge_token",
    "clear_session_cookie",
    "is_signed_in",
    "operator_work",
    "pending_token",
    "platform_of",
    "platform_work",
    "reading",
    "recently_signed_in",
    "require_operator",
    "seat_of",
    "session_secret",
    "set_challenge_cookie",
    "set_device_cookie",
    "set_pending_cookie",
    "set_session_cookie",
    "signed_in",
    "visit_of",
    "writing",
]

MOST = 2**63 - 1
"""The largest number that a database takes as an integer."""

_FOR_ENROLLING = ("/account/", "/api/accounts/me/", "/api/principals/me/", "/api/sessions/current/")
_DEVICE_SECONDS = 180 * 24 * 3600
_PROOF_SECONDS = 300


class MustEnrol(Forbidden):
    """The organisation requires a second factor, and this session's person has none yet."""

    code = "must_enrol"

    def __init__(self) -> None:
        told = "Your organisation requires a second factor: set one up on your own page, /account, first."
        super().__init__(told, rules=["jindou.second-factor"])


def platform_of(request: Request) -> Platform:
    """Return the platform that serves the request."""
    platform: Platform = request.app.state.platform
    return platform


def signed_in(request: Request) -> Principal:
    """Return who the request acts for, by its session cookie or bearer token.

    Raises:
        Unauthenticated: nobody is signed in, or the session has ended.
    """
    return seat_of(request).who


def seat_of(request: Request) -> Seat:
    """Return who the request acts for, and by which session.

    Raises:
        Unauthenticated: nobody is signed in, or the session has ended.
        MustEnrol: they have to set up a second factor before they do anything else.
    """
    known: Seat | None = getattr(request.state, "seat", None)
    if known is not None:
        return known
    seat = _find_seat(request)
    if seat.must_enrol and not f"{request.url.path}/".startswith(_FOR_ENROLLING):
        raise MustEnrol
    request.state.seat = seat
    if seat.is_due:
        _note_use(request, seat)
    return seat


def recently_signed_in(request: Request) -> Principal:
    """Return who the request acts for, where they have proved in the last ten minutes who they are.

    Raises:
        Unauthenticated, MustEnrol: as `seat_of` says.
        SignInStale: it was longer ago.
    """
    seat = seat_of(request)
    platform_of(request).accounts.proving.require(seat)
    return seat.who


def _find_seat(request: Request) -> Seat:
    secret = session_secret(request)
    if not secret:
        raise Unauthenticated("Nobody is signed in. `jindou sign-in` prints a link.")
    platform = platform_of(request)
    with platform.database.reading(None) as work:
        return platform.sessions.seat(work, secret)


def _note_use(request: Request, seat: Seat) -> None:
    try:
        with platform_of(request).database.writing(seat.who.org_id) as work:
            platform_of(request).sessions.note_use(work, seat.session_id)
    except Unavailable:
        return  # Whoever only reads can go on; the next request writes it down.


def arrival_of(request: Request, method: Method) -> Arrival:
    """Return how and from where somebody comes in with this request."""
    return Arrival(method, request.headers.get("user-agent", ""), _place(request.client.host if request.client else ""))


def _place(host: str) -> Place:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if address.is_loopback:
        return "machine"
    return "private" if address.is_private else "public"


def visit_of(request: Request) -> Visit:
    """Return where a try to sign in comes from."""
    return Visit(request.client.host if request.client else "", DEVICE.read(request))


def set_device_cookie(request: Request, response: Response, token: str) -> None:
    """Let the browser be known when somebody signs in again: strangers who guess do not slow it down."""
    DEVICE.keep(request, response, token, _DEVICE_SECONDS)


def is_signed_in(request: Request) -> bool:
    """Say whether whom the request acts for may still be served: their session lasts, and they are active."""
    try:
        _find_seat(request)
    except Unauthenticated:
        return False
    except Unavailable:
        # Nobody can say now; whoever was let in stays until somebody can.
        return True
    return True


def require_operator(request: Request) -> None:
    """Let only the local operator pass, who can read the home folder's key.

    Raises:
        Forbidden: the request does not carry that key.
    """
    given = bearer(request)
    if not given or not secrets.compare_digest(given.encode(), platform_of(request).home.operator_key().encode()):
        raise Forbidden("Only the local operator may do this.", rules=["jindou.local-operator"])


def pending_token(request: Request) -> str:
    """Return the token of a first proof that waits for the second, or an empty string."""
    return PENDING.read(request)


def set_pending_cookie(request: Request, response: Response, token: str) -> None:
    """Tie a first proof to this browser while it waits for the second; an empty token ends the wait."""
    PENDING.keep(request, response, token, _PROOF_SECONDS)


def challenge_token(request: Request) -> str:
    """Return the token of a passkey's challenge, or an empty string."""
    return CHALLENGE.read(request)


def set_challenge_cookie(request: Request, response: Response, token: str) -> None:
    """Tie a passkey's challenge to this browser; an empty token ends it."""
    CHALLENGE.keep(request, response, token, _PROOF_SECONDS)


@contextmanager
def reading(request: Request) -> Generator[Work]:
    """Open a unit of work that reads in the organisation of whoever is signed in."""
    with platform_of(request).database.reading(signed_in(request).org_id) as work:
        yield work


@contextmanager
def writing(request: Request) -> Generator[Work]:
    """Open a unit of work in the organisation of whoever is signed in; it commits at the end."""
    with platform_of(request).database.writing(signed_in(request).org_id) as work:
        yield work


@contextmanager
def operator_work(request: Request, organisation: str | None = None) -> Generator[tuple[Work, str]]:
    """Open a unit of work in the organisation of that id or name, else the first; its id comes with it. It commits.

    Raises:
        Forbidden: the request does not carry the operator's key.
        NotFound: there is no such organisation.
    """
    require_operator(request)
    platform = platform_of(request)
    with platform.database.reading(None) as work:
        org_id = platform.principals.organisation(work, organisation)
    with platform.database.writing(org_id) as work:
        yield work, org_id


@contextmanager
def platform_work(request: Request) -> Generator[Work]:
    """Open a unit of work of the platform itself, for requests of nobody in particular; it commits at the end."""
    with platform_of(request).database.writing(None) as work:
        yield work


def session_secret(request: Request) -> str:
    """Return the session's secret that the request carries, or an empty string."""
    return bearer(request) or SESSION.read(request)


def bearer(request: Request) -> str:
    """Return the bearer token that the request carries, or an empty string."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def set_session_cookie(request: Request, response: Response, secret: str) -> None:
    """Sign the browser in: out of reach of scripts and of other sites."""
    SESSION.keep(request, response, secret, int(platform_of(request).settings.session_hours * 3600))


def clear_session_cookie(request: Request, response: Response) -> None:
    """Sign the browser out."""
    SESSION.keep(request, response, "", 0)

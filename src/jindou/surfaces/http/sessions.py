"""`/api/sessions` and `/api/sign-in-links`: where one is signed in, and how the local operator lets somebody in."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from jindou.identity.accounts import Credentials
from jindou.identity.principals import Person, Principal
from jindou.identity.sessions import OPERATOR, BreakGlass, BreakGlassAsk, Session
from jindou.surfaces.door import (
    arrival_of,
    challenge_token,
    operator_work,
    platform_of,
    platform_work,
    reading,
    seat_of,
    session_secret,
    set_challenge_cookie,
    set_session_cookie,
    signed_in,
    visit_of,
    writing,
)

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["sessions"])
Who = Annotated[Principal, Depends(signed_in)]


class ForPerson(BaseModel):
    """Whom to open a session, or make a link, for."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(
        min_length=1, max_length=80, pattern=r"^[^\x00]*$", description="A person's handle, such as `clerk`."
    )
    organisation: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="The id or the name of their organisation; null is the first one.",
    )


class SessionToken(BaseModel):
    """A session: send `token` as a bearer token."""

    token: str
    person: Person


class PasskeyProof(BaseModel):
    """What a passkey signed, as a browser has it (`PublicKeyCredential.toJSON`)."""

    model_config = ConfigDict(extra="forbid")

    credential: dict[str, Any]


class SignInLink(BaseModel):
    """A link that signs `person` in, once."""

    url: str
    person: Person


@router.post("/sessions", status_code=201)
def open_session(request: Request, asked: ForPerson) -> SessionToken:
    """Open a session as somebody. The audit trail says that it was the operator."""
    platform = platform_of(request)
    with operator_work(request, asked.organisation) as (work, org_id):
        person = platform.principals.find(work, asked.person)
        came = arrival_of(request, "operator")
        token = platform.sessions.open(work, org_id, person.id, OPERATOR, arrival=came)
    return SessionToken(token=token, person=person)


@router.post("/sessions/password", status_code=201)
def sign_in(request: Request, given: Credentials) -> SessionToken:
    """Sign in with a name and a password, and with a code where a second factor is used."""
    platform = platform_of(request)
    entered = platform.accounts.signing_in.enter_whole(given, arrival_of(request, "password"), visit_of(request))
    with platform_work(request) as work:
        return SessionToken(token=entered.secret, person=platform.principals.get(work, entered.person_id))


@router.post("/sessions/passkey/options")
def ask_for_passkey(request: Request, response: Response) -> dict[str, Any]:
    """Return what a browser needs to sign somebody in; the challenge is tied to it by a cookie."""
    options, token = platform_of(request).accounts.passkeys.ask_to_enter(visit_of(request).address)
    set_challenge_cookie(request, response, token)
    return options


@router.post("/sessions/passkey", status_code=204)
def enter_with_passkey(request: Request, response: Response, proof: PasskeyProof) -> None:
    """Sign the browser in with a passkey; the session is in its cookie."""
    passkeys = platform_of(request).accounts.passkeys
    came = passkeys.enter(challenge_token(request), proof.credential, arrival_of(request, "passkey"))
    set_session_cookie(request, response, came.secret)
    set_challenge_cookie(request, response, "")


@router.get("/sessions")
def list_sessions(request: Request, who: Who) -> list[Session]:
    """Return where one is signed in, the newest first."""
    with reading(request) as work:
        return platform_of(request).sessions.list_sessions(work, who, seat_of(request).session_id)


@router.delete("/sessions", status_code=204)
def revoke_all(request: Request, who: Who) -> None:
    """Sign out everywhere else: of every session but the one that asks."""
    with writing(request) as work:
        platform_of(request).sessions.revoke_all(work, who, but=seat_of(request).session_id)


@router.get("/sessions/break-glass")
def broken_glass(request: Request, who: Who) -> list[BreakGlass]:
    """Return for an administrator when the operator came in as somebody in an emergency, in the last week."""
    with reading(request) as work:
        return platform_of(request).sessions.broken_glass(work, who)


@router.post("/sessions/break-glass", status_code=201)
def break_glass(request: Request, asked: BreakGlassAsk) -> SignInLink:
    """Make a link that lets the operator in as a person in an emergency; every administrator is shown it."""
    platform = platform_of(request)
    with operator_work(request) as (work, org_id):
        person = platform.principals.find(work, asked.person)
        token = platform.sessions.break_glass(work, org_id, person.id, asked)
    return SignInLink(url=f"{platform.settings.browser_url}/sign-in?token={token}", person=person)


@router.delete("/sessions/current", status_code=204)
def close_session(request: Request) -> None:
    """End the session that the request carries."""
    with platform_work(request) as work:
        platform_of(request).sessions.close(work, session_secret(request))


@router.delete("/sessions/{session_id}", status_code=204)
def revoke(request: Request, who: Who, session_id: str) -> None:
    """End one of one's own sessions, at once."""
    with writing(request) as work:
        platform_of(request).sessions.revoke(work, who, session_id)


@router.post("/sign-in-links", status_code=201)
def create_link(request: Request, asked: ForPerson) -> SignInLink:
    """Make a one-time sign-in link."""
    platform = platform_of(request)
    with operator_work(request, asked.organisation) as (work, org_id):
        person = platform.principals.find(work, asked.person)
        token = platform.sessions.create_link(work, org_id, person.id)
    return SignInLink(url=f"{platform.settings.browser_url}/sign-in?token={token}", person=person)

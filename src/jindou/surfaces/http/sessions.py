"""`/api/sessions` and `/api/sign-in-links`: for the local operator, who owns the home folder, and to sign out."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from jindou.db import Work
from jindou.identity.principals import Person
from jindou.identity.sessions import OPERATOR
from jindou.surfaces.door import platform_of, platform_work, require_operator, session_secret

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["sessions"])


class ForPerson(BaseModel):
    """Whom to open a session, or make a link, for."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=1, max_length=80, description="A person's handle, such as `clerk`.")


class SessionToken(BaseModel):
    """A session: send `token` as a bearer token."""

    token: str
    person: Person


class SignInLink(BaseModel):
    """A link that signs `person` in, once."""

    url: str
    person: Person


@router.post("/sessions", status_code=201)
def open_session(request: Request, asked: ForPerson) -> SessionToken:
    """Open a session as somebody. The audit trail says that it was the operator."""
    require_operator(request)
    platform = platform_of(request)
    with platform_work(request) as work:
        person, org_id = _person(request, work, asked.person)
        token = platform.sessions.open(work, org_id, person.id, OPERATOR)
    return SessionToken(token=token, person=person)


@router.delete("/sessions/current", status_code=204)
def close_session(request: Request) -> None:
    """End the session that the request carries."""
    with platform_work(request) as work:
        platform_of(request).sessions.close(work, session_secret(request))


@router.post("/sign-in-links", status_code=201)
def create_link(request: Request, asked: ForPerson) -> SignInLink:
    """Make a one-time sign-in link."""
    require_operator(request)
    platform = platform_of(request)
    with platform_work(request) as work:
        person, org_id = _person(request, work, asked.person)
        token = platform.sessions.create_link(work, org_id, person.id)
    return SignInLink(url=f"{platform.settings.url}/sign-in?token={token}", person=person)


def _person(request: Request, work: Work, handle: str) -> tuple[Person, str]:
    principals = platform_of(request).principals
    person = principals.find(work, handle)
    return person, principals.only_organisation(work)

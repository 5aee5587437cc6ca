"""`/api/sessions` and `/api/sign-in-links`: for the local operator, who owns the home folder, and to sign out."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from jindou.identity.principals import Person
from jindou.identity.sessions import OPERATOR
from jindou.surfaces.door import operator_work, platform_of, platform_work, session_secret

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["sessions"])


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
    platform = platform_of(request)
    with operator_work(request, asked.organisation) as (work, org_id):
        person = platform.principals.find(work, asked.person)
        token = platform.sessions.create_link(work, org_id, person.id)
    return SignInLink(url=f"{platform.settings.url}/sign-in?token={token}", person=person)

"""Sessions, and whose they are, as the server sends them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

__all__ = ["BreakGlass", "Factor", "Method", "Person", "Place", "Session", "SessionToken", "SignInLink"]

Method = Literal["link", "operator", "break-glass", "password", "passkey", "sso"]
"""How somebody came in."""

Factor = Literal["password", "totp", "recovery", "passkey"]
"""What somebody proved themselves by as they came in."""

Place = Literal["machine", "private", "public", "unknown"]
"""From where: this machine, a private network, or the internet."""


class Session(BaseModel):
    """Where somebody is signed in; `current` is the session that asked. `agent` is what a browser calls itself."""

    id: str
    method: Method
    factors: list[Factor]
    actor: str
    agent: str
    place: Place
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class BreakGlass(BaseModel):
    """That the operator came in as somebody in an emergency, or still may."""

    person_id: str
    person_name: str
    reason: str
    minutes: int
    made_at: datetime
    used_at: datetime | None
    ends_at: datetime
    is_open: bool


class Person(BaseModel):
    """Somebody who works in the organisation."""

    id: str
    handle: str
    name: str
    title: dict[str, str]
    roles: list[str]
    language: str


class SessionToken(BaseModel):
    """A session that the local operator opened as a person; `token` goes into `Client(token=…)`."""

    token: str
    person: Person


class SignInLink(BaseModel):
    """A link that signs `person` in to the console, once."""

    url: str
    person: Person

"""Sessions, and whose they are, as the server sends them."""

from pydantic import BaseModel

__all__ = ["Person", "SessionToken", "SignInLink"]


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

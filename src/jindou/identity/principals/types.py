"""Who somebody is."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Person", "Principal"]


class Person(BaseModel):
    """Somebody who works in an organisation."""

    id: str
    handle: str
    name: str
    title: dict[str, str]
    roles: list[str]
    language: str


class Principal(BaseModel):
    """The person a request acts for, as the server knows them; never filled from what a caller or a model says.

    `actor` is who really sits at the door: the person, or ``operator`` where the local operator acts as them.
    """

    model_config = ConfigDict(frozen=True)

    org_id: str
    person_id: str
    handle: str
    name: str
    roles: tuple[str, ...]
    language: str
    actor: str

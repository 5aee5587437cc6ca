"""Who somebody is."""

from pydantic import BaseModel, ConfigDict

__all__ = ["ADMINISTRATOR", "Person", "Principal"]

ADMINISTRATOR = "administrator"
"""The role of those who look after people and their roles. An organisation that has one never loses the last."""


class Person(BaseModel):
    """Somebody who works in an organisation, with the roles they have, those of their teams among them."""

    id: str
    handle: str
    name: str
    title: dict[str, str]
    roles: list[str]
    language: str


class Principal(BaseModel):
    """The person a request acts for, as the server knows them; never filled from what a caller or a model says.

    `actor` is who really sits at the door: the person, or ``operator`` where the local operator acts as them. `behind`
    is who made the key that a program shows, and could show it, too.
    """

    model_config = ConfigDict(frozen=True)

    org_id: str
    person_id: str
    handle: str
    name: str
    roles: tuple[str, ...]
    language: str
    actor: str
    behind: str = ""

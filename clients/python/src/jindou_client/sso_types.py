"""What is told of identity providers. No client secret is in any of it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

__all__ = ["ExternalIdentity", "LinksBy", "Provider", "ProviderCheck"]

LinksBy = Literal["nothing", "email", "handle"]


class Provider(BaseModel):
    """An OpenID provider as administrators see it."""

    id: str
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: str
    groups_claim: str
    external_id_claim: str
    roles: dict[str, list[str]]
    makes_people: bool
    new_roles: list[str]
    links_by: LinksBy
    enabled: bool
    sign_in_url: str
    redirect_uri: str
    logout_uri: str
    backchannel_logout_uri: str
    people: int
    version: int
    created_at: datetime
    updated_at: datetime


class ProviderCheck(BaseModel):
    """What a provider says that it can do, as far as it matters here."""

    issuer: str
    algorithms: list[str]
    keys: int
    names_itself: bool
    ends_sessions: bool
    backchannel_logout: bool
    missing_scopes: list[str]


class ExternalIdentity(BaseModel):
    """Somebody whom a provider vouches for, and how they were recognised the first time."""

    person_id: str
    handle: str
    name: str
    active: bool
    subject: str
    linked_by: str
    added_roles: list[str]
    created_at: datetime
    signed_in_at: datetime

"""An identity provider as administrators set it, and what the doors are told of a sign-in."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from jindou.identity.principals import ADMINISTRATOR
from jindou.plain_json import is_plain

__all__ = [
    "Entrance",
    "ExternalIdentity",
    "LinksBy",
    "NewProvider",
    "Provider",
    "ProviderChange",
    "ProviderCheck",
    "Return",
    "SignedIn",
    "Start",
]

LinksBy = Literal["nothing", "email", "handle"]
"""What besides an external id makes somebody who is here already the one that a provider vouches for."""

_MOST_SECRET = 4096
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def _fitting(value: SecretStr) -> SecretStr:
    try:
        length = len(value.get_secret_value().encode())
    except UnicodeEncodeError:
        raise ValueError("a client secret is text in UTF-8") from None
    if length > _MOST_SECRET:
        raise ValueError(f"a client secret has {_MOST_SECRET} bytes at most")
    return value


def _mapping(roles: dict[str, list[str]]) -> dict[str, list[str]]:
    for group, given in roles.items():
        if not group.strip() or not is_plain(group):
            raise ValueError("a group has a name")
        wrong = [role for role in given if not _ROLE.fullmatch(role)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no role: small letters, digits, _ and -")
    return {group: sorted(set(given)) for group, given in roles.items()}


def _plain_roles(roles: list[str]) -> list[str]:
    if ADMINISTRATOR in roles:
        raise ValueError("nobody is made an administrator by joining; map a group to that role")
    return sorted(set(roles))


def _scopes(text: str) -> str:
    words = text.split()
    if "openid" not in words:
        raise ValueError("the scopes have openid among them")
    return " ".join(dict.fromkeys(words))


_Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
_Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]
_Claim = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
_Scopes = Annotated[str, Field(max_length=500, pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*$"), AfterValidator(_scopes)]
_Role = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
_NewRoles = Annotated[list[_Role], Field(max_length=50), AfterValidator(_plain_roles)]
_Roles = Annotated[dict[str, list[str]], Field(max_length=500), AfterValidator(_mapping)]
_ClientSecret = Annotated[SecretStr, AfterValidator(_fitting)]


class NewProvider(BaseModel):
    """An OpenID provider to sign in with. Its own pages say issuer, client id and client secret."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: _Name = Field(description="What the button on the sign-in page says.")
    issuer: Annotated[str, Field(min_length=8, max_length=500, pattern=r"^https?://[^\s\x00]+$")]
    client_id: _Text
    client_secret: _ClientSecret = Field(default=SecretStr(""), description="Empty for a public client.")
    scopes: _Scopes = "openid profile email"
    groups_claim: _Claim = Field(default="groups", description="The claim with the groups; dots lead into objects.")
    external_id_claim: _Claim = Field(
        default="sub", description="The claim that people's external id (SCIM) is compared with; empty compares none."
    )
    roles: _Roles = Field(default_factory=dict[str, list[str]], description="The roles that each group gives.")
    makes_people: bool = Field(default=False, description="Make a person of whoever comes for the first time.")
    new_roles: _NewRoles = Field(default_factory=list[str], description="The roles of those who are made.")
    links_by: LinksBy = Field(
        default="nothing", description="What else makes somebody who is here the one who comes: a verified e-mail …"
    )


class ProviderChange(BaseModel):
    """What is to be otherwise; what is not given stays as it is. Another issuer is another provider."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: _Name | None = None
    client_id: _Text | None = None
    client_secret: _ClientSecret | None = None
    scopes: _Scopes | None = None
    groups_claim: _Claim | None = None
    external_id_claim: _Claim | None = None
    roles: _Roles | None = None
    makes_people: bool | None = None
    new_roles: _NewRoles | None = None
    links_by: LinksBy | None = None
    enabled: bool | None = None


class Provider(BaseModel):
    """An OpenID provider as administrators see it. The client secret is not in it: nobody reads that again."""

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
    """What a provider says that it can do, as far as it matters here.

    `missing_scopes` are those that it offers and its settings here need, and that are not asked for.
    """

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


@dataclass(frozen=True, slots=True)
class Entrance:
    """A button on the sign-in page."""

    entrance: str
    name: str


@dataclass(frozen=True, slots=True)
class Start:
    """Where a browser goes to sign in, and the secret that it keeps meanwhile."""

    url: str
    browser: str
    name: str


@dataclass(frozen=True, slots=True)
class Return:
    """What a browser brings back from a provider."""

    state: str = ""
    code: str = ""
    issuer: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The secret of a new session, and the entrance that it came through."""

    secret: str
    entrance: str

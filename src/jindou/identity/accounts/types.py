"""What people prove themselves by, as they and their administrators see it, and as it is typed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

__all__ = ["Account", "Credentials", "Entered", "NewPassword", "Visit"]

_Password = Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class Credentials(BaseModel):
    """A name and a password: ``clerk``, or with an organisation's id or name before it, ``Acme/clerk``."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    person: str = Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")
    password: _Password


class NewPassword(BaseModel):
    """A new password, and the one before; that may be left out in a session that has just begun."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    new: _Password
    old: _Password | None = None


class Account(BaseModel):
    """How somebody can prove who they are. No proof is in it."""

    person_id: str
    handle: str
    name: str
    password_set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a try to sign in comes from: its address, and the token of a browser that is known."""

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody has signed in: the session's secret, and the token by which their browser is known from now on."""

    secret: str
    person_id: str
    device: str

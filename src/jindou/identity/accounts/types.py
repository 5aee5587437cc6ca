"""What people prove themselves by, as they and their administrators see it, and as it is typed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

__all__ = [
    "Account",
    "AccountRules",
    "Code",
    "Credentials",
    "Enrolment",
    "Entered",
    "NewPassword",
    "Passkey",
    "Proof",
    "RecoveryCodes",
    "Visit",
    "Waiting",
]

_Password = Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class Credentials(BaseModel):
    """A name and a password: ``clerk``, or with an organisation's id or name before it, ``Acme/clerk``."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    person: str = Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")
    password: _Password
    code: SecretStr | None = Field(default=None, min_length=1, max_length=64)


class NewPassword(BaseModel):
    """A new password, and the one before; that may be left out in a session that has just begun."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    new: _Password
    old: _Password | None = None


class Proof(BaseModel):
    """That it is still the person who sits there: their password, or a code where they have an authenticator."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: _Password | None = None
    code: SecretStr | None = Field(default=None, min_length=1, max_length=64)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.password is None) is (self.code is None):
            raise ValueError("A proof is a password or a code.")
        return self


class Passkey(BaseModel):
    """A key in somebody's device or password manager. It signs them in by itself."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


class Account(BaseModel):
    """How somebody can prove who they are. No proof is in it."""

    person_id: str
    handle: str
    name: str
    password_set_at: datetime | None
    totp_since: datetime | None
    recovery_codes: int
    passkeys: list[Passkey]


class AccountRules(BaseModel):
    """What an organisation asks of its people's accounts."""

    model_config = ConfigDict(extra="forbid")

    second_factor: bool


class Code(BaseModel):
    """A code of an authenticator, or a recovery code, with or without blanks and dashes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: SecretStr = Field(min_length=1, max_length=64)

    def plain(self) -> str:
        """Return it as it is compared."""
        return "".join(letter for letter in self.code.get_secret_value() if letter.isalnum()).upper()


class Enrolment(BaseModel):
    """A new secret for an authenticator, in base32 and as the URI that it reads; shown this once."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Codes that each let somebody in once without their authenticator; shown this once."""

    codes: list[str]


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody has given their first proof; with `token` they have five minutes, and five tries, for the second."""

    token: str

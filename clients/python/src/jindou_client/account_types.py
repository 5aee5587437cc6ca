"""Accounts, as the server sends them."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["Account", "AccountRules", "Enrolment", "Passkey", "RecoveryCodes"]


class Passkey(BaseModel):
    """A key in somebody's device or password manager."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


class Account(BaseModel):
    """How somebody can prove who they are."""

    person_id: str
    handle: str
    name: str
    password_set_at: datetime | None
    totp_since: datetime | None
    recovery_codes: int
    passkeys: list[Passkey]


class AccountRules(BaseModel):
    """What an organisation asks of its people's accounts."""

    second_factor: bool


class Enrolment(BaseModel):
    """A new secret for an authenticator, in base32 and as the URI that it reads; shown this once."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Codes that each let somebody in once without their authenticator; shown this once."""

    codes: list[str]

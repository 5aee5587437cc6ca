"""What people prove themselves by, and how often somebody tried. No proof can be read back."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant
from jindou.identity.unproven import Unproven

__all__ = [
    "ChallengeRow",
    "DeviceRow",
    "PasskeyRow",
    "PasswordRow",
    "PendingRow",
    "RecoveryRow",
    "RulesRow",
    "ThrottleRow",
    "TotpRow",
]


class PasswordRow(Tenant, Base):
    """A person's password, as argon2id made it."""

    __tablename__ = "account_password"

    person_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hashed: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime]


class DeviceRow(Tenant, Base):
    """A browser in which somebody has signed in with their password before."""

    __tablename__ = "account_device"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    used_at: Mapped[datetime]


class ThrottleRow(Tenant, Base):
    """How often somebody tried, by a hash of what is throttled. `org_id` is empty where it is no organisation's."""

    __tablename__ = "account_throttle"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int]
    tried_at: Mapped[datetime] = mapped_column(index=True)
    free_at: Mapped[datetime]


class TotpRow(Tenant, Base):
    """The secret of an authenticator, wrapped by the vault's key; beside it a new one until it has proved itself.

    `last_step` is the time step of the newest code that was used: none before it, nor it, is taken again.
    """

    __tablename__ = "account_totp"

    person_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    is_confirmed: Mapped[bool] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(80), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]


class RecoveryRow(Tenant, Base):
    """A recovery code that nobody has used: 80 random bits, of which the hash is kept."""

    __tablename__ = "account_recovery"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)


class PendingRow(Tenant, Base):
    """Somebody who has given their first proof, `method`, and owes the second."""

    __tablename__ = "account_pending"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    method: Mapped[str] = mapped_column(String(20))
    tries: Mapped[int]
    expires_at: Mapped[datetime]


class RulesRow(Tenant, Base):
    """What an organisation asks of its people's accounts."""

    __tablename__ = "account_rules"

    org_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    second_factor: Mapped[bool]


class PasskeyRow(Tenant, Base):
    """A person's passkey: its public key as WebAuthn attests it, and how often it has signed, if it counts."""

    __tablename__ = "account_passkey"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    credential_hash: Mapped[str] = mapped_column(String(64), unique=True)
    attested: Mapped[bytes] = mapped_column(LargeBinary)
    signatures: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class ChallengeRow(Unproven, Base):
    """What a browser was asked to have signed. `person_id` and `org_id` are empty where it may be anybody."""

    __tablename__ = "account_challenge"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40))
    challenge: Mapped[bytes] = mapped_column(LargeBinary)

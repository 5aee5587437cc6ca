"""Identity providers, whom they vouch for, sign-ins under way, and the sessions that came of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant
from jindou.identity.unproven import Unproven

__all__ = ["ExternalIdentityRow", "PendingSignInRow", "ProviderRow", "SsoSessionRow"]


class ProviderRow(Tenant, Base):
    """An OpenID provider of an organisation. `entrance` is random: who has it may begin to sign in there."""

    __tablename__ = "sso_provider"
    __table_args__ = (UniqueConstraint("org_id", "issuer"), UniqueConstraint("org_id", "name"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    entrance: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(300))
    has_secret: Mapped[bool]
    scopes: Mapped[str] = mapped_column(String(500))
    groups_claim: Mapped[str] = mapped_column(String(200))
    external_id_claim: Mapped[str] = mapped_column(String(200))
    roles: Mapped[dict[str, Any]]
    makes_people: Mapped[bool]
    new_roles: Mapped[list[Any]]
    links_by: Mapped[str] = mapped_column(String(10))
    enabled: Mapped[bool]
    changed_by: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ExternalIdentityRow(Tenant, Base):
    """Who somebody is at a provider. `added_roles` are those that they have by their groups there, and nothing else."""

    __tablename__ = "external_identity"
    __table_args__ = (UniqueConstraint("provider_id", "person_id"),)

    provider_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    added_roles: Mapped[list[Any]]
    linked_by: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime]


class PendingSignInRow(Unproven, Base):
    """Somebody on their way to a provider and back. Only hashes of the state and of the browser's secret are kept."""

    __tablename__ = "pending_sign_in"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider_id: Mapped[str] = mapped_column(String(40), index=True)
    browser_hash: Mapped[str] = mapped_column(String(64))


class SsoSessionRow(Tenant, Base):
    """A session that a provider's word opened. `sealed_hint` is the ID token; the session's own secret opens it."""

    __tablename__ = "sso_session"

    session_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    provider_id: Mapped[str] = mapped_column(String(40), index=True)
    subject: Mapped[str] = mapped_column(Text)
    sid: Mapped[str] = mapped_column(Text)
    sealed_hint: Mapped[bytes] = mapped_column(LargeBinary)
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]

"""Identity providers of organisations, whom they vouch for, and what came of it."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0016"
down_revision = "0015"

_TABLES = ("sso_provider", "external_identity", "pending_sign_in", "sso_session")


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, jindou.db.UtcDateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table(
        "sso_provider",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("entrance", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("client_id", sa.String(length=300), nullable=False),
        sa.Column("has_secret", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.String(length=500), nullable=False),
        sa.Column("groups_claim", sa.String(length=200), nullable=False),
        sa.Column("external_id_claim", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("makes_people", sa.Boolean(), nullable=False),
        sa.Column("new_roles", sa.JSON(), nullable=False),
        sa.Column("links_by", sa.String(length=10), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sso_provider")),
        sa.UniqueConstraint("entrance", name=op.f("uq_sso_provider_entrance")),
        sa.UniqueConstraint("org_id", "issuer", name=op.f("uq_sso_provider_org_id_issuer")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_sso_provider_org_id_name")),
    )
    op.create_table(
        "external_identity",
        sa.Column("provider_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("added_roles", sa.JSON(), nullable=False),
        sa.Column("linked_by", sa.String(length=20), nullable=False),
        _time("created_at"),
        _time("signed_in_at"),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "subject", name=op.f("pk_external_identity")),
        sa.UniqueConstraint("provider_id", "person_id", name=op.f("uq_external_identity_provider_id_person_id")),
    )
    _create_passing()
    for table in _TABLES:
        op.create_index(op.f(f"ix_{table}_org_id"), table, ["org_id"], unique=False)
    for table, column in (
        ("external_identity", "person_id"),
        ("pending_sign_in", "provider_id"),
        ("pending_sign_in", "expires_at"),
        ("sso_session", "provider_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _create_passing() -> None:
    """Make the tables of what lasts minutes or hours."""
    op.create_table(
        "pending_sign_in",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=40), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        _time("expires_at"),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_pending_sign_in")),
    )
    op.create_table(
        "sso_session",
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("provider_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("sealed_hint", sa.LargeBinary(), nullable=False),
        _time("opened_at"),
        _time("expires_at"),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sso_session")),
    )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)

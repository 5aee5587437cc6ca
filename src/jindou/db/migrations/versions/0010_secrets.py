"""Credentials for outside systems, sealed."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "secret",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), server_default="", nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=80), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("last_used_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret")),
        sa.UniqueConstraint("org_id", "person_id", "name", name=op.f("uq_secret_owner_name")),
    )
    for column in ("key_id", "org_id"):
        op.create_index(op.f(f"ix_secret_{column}"), "secret", [column], unique=False)


def downgrade() -> None:
    op.drop_table("secret")

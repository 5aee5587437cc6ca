"""Passkeys, and the challenges that browsers have them sign."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "account_passkey",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("credential_hash", sa.String(length=64), nullable=False),
        sa.Column("attested", sa.LargeBinary(), nullable=False),
        sa.Column("signatures", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_passkey")),
        sa.UniqueConstraint("credential_hash", name=op.f("uq_account_passkey_credential_hash")),
    )
    op.create_table(
        "account_challenge",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_account_challenge")),
    )
    for table, column in (
        ("passkey", "org_id"),
        ("passkey", "person_id"),
        ("challenge", "org_id"),
        ("challenge", "expires_at"),
    ):
        op.create_index(op.f(f"ix_account_{table}_{column}"), f"account_{table}", [column], unique=False)


def downgrade() -> None:
    op.drop_table("account_challenge")
    op.drop_table("account_passkey")

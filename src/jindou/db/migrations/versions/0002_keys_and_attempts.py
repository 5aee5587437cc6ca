"""Virtual keys, and attempts: what the gateway is about to use, written before it is used."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("old_hash", sa.String(length=64), nullable=True),
        sa.Column("old_until", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("models", sa.JSON(), nullable=True),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("old_hash", name=op.f("uq_api_key_old_hash")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_key_secret_hash")),
    )
    op.create_index(op.f("ix_api_key_org_id"), "api_key", ["org_id"], unique=False)
    op.create_index(op.f("ix_api_key_person_id"), "api_key", ["person_id"], unique=False)
    op.create_table(
        "meter_attempt",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("closed_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sku", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("worst_micro", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_attempt")),
    )
    op.create_index(op.f("ix_meter_attempt_org_id"), "meter_attempt", ["org_id"], unique=False)
    op.create_index("ix_meter_attempt_status", "meter_attempt", ["status"], unique=False)
    _add_key_to_ledger()


def downgrade() -> None:
    with op.batch_alter_table("meter_event") as table:
        table.drop_column("key_id")
    op.drop_table("meter_attempt")
    op.drop_table("api_key")


def _add_key_to_ledger() -> None:
    with op.batch_alter_table("meter_event") as table:
        table.add_column(sa.Column("key_id", sa.String(length=40), server_default="", nullable=False))

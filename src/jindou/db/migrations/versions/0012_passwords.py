"""Passwords, the browsers that people have used them in, and how often somebody tried."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "account_password",
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("hashed", sa.String(length=200), nullable=False),
        sa.Column("set_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_account_password")),
    )
    op.create_table(
        "account_device",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("used_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_account_device")),
    )
    op.create_table(
        "account_throttle",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("free_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_account_throttle")),
    )
    for table in ("account_password", "account_device", "account_throttle"):
        op.create_index(op.f(f"ix_{table}_org_id"), table, ["org_id"], unique=False)
    op.create_index(op.f("ix_account_device_person_id"), "account_device", ["person_id"], unique=False)
    op.create_index(op.f("ix_account_throttle_tried_at"), "account_throttle", ["tried_at"], unique=False)


def downgrade() -> None:
    for table in ("account_throttle", "account_device", "account_password"):
        op.drop_table(table)

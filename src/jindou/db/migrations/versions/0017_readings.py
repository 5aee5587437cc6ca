"""Readings of others' conversations, and each organisation's switch."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "reading",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("assistant", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("person_name", sa.String(length=200), nullable=False),
        sa.Column("reader_id", sa.String(length=40), nullable=False),
        sa.Column("reader_name", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
    )
    op.create_table(
        "reading_policy",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("changed_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_policy")),
    )
    for table, column in (("reading", "org_id"), ("reading", "person_id"), ("reading_policy", "org_id")):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def downgrade() -> None:
    op.drop_table("reading_policy")
    op.drop_table("reading")

"""An organisation's own rules in versions, which of them is in force, and what was decided in the last days."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "policy_version",
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "number", name=op.f("pk_policy_version")),
    )
    op.create_table(
        "policy_head",
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(length=40), nullable=False),
        sa.Column("changed_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_policy_head")),
    )
    op.create_table(
        "policy_decision",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("assistant", sa.String(length=80), nullable=False),
        sa.Column("grants", sa.JSON(), nullable=False),
        sa.Column("action", sa.String(length=120), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_decision")),
    )
    with op.batch_alter_table("policy_decision") as table:
        table.create_index(op.f("ix_policy_decision_at"), ["at"], unique=False)
        table.create_index(op.f("ix_policy_decision_org_id"), ["org_id"], unique=False)


def downgrade() -> None:
    op.drop_table("policy_decision")
    op.drop_table("policy_head")
    op.drop_table("policy_version")

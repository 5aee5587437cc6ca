"""Deployments: public model names, and the engines behind them."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "deployment",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("context_tokens", sa.Integer(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_deployment_org_id_name")),
    )
    op.create_index(op.f("ix_deployment_org_id"), "deployment", ["org_id"], unique=False)


def downgrade() -> None:
    op.drop_table("deployment")

"""Where each organisation is told of what happens."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_webhook")),
    )


def downgrade() -> None:
    op.drop_table("webhook")

"""How telling each organisation went, and with whose right an approval was decided."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    with op.batch_alter_table("webhook") as table:
        table.add_column(sa.Column("delivered_at", jindou.db.UtcDateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("failing_since", jindou.db.UtcDateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("error", sa.String(length=300), server_default="", nullable=False))
    with op.batch_alter_table("approval") as table:
        table.add_column(sa.Column("decided_for_name", sa.String(length=200), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("approval") as table:
        table.drop_column("decided_for_name")
    with op.batch_alter_table("webhook") as table:
        for column in ("error", "failing_since", "delivered_at"):
            table.drop_column(column)

"""When the person of a session last proved who they are."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    with op.batch_alter_table("session") as table:
        table.add_column(sa.Column("proved_at", jindou.db.UtcDateTime(timezone=True), nullable=True))
    op.execute("UPDATE session SET proved_at = created_at")
    with op.batch_alter_table("session") as table:
        table.alter_column("proved_at", nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("session") as table:
        table.drop_column("proved_at")

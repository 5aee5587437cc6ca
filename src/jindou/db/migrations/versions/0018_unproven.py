"""Whose the sign-ins are that have begun and proved nothing yet."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = ("account_challenge", "pending_sign_in")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("source", sa.String(length=64), nullable=False, server_default=""))
        op.create_index(op.f(f"ix_{table}_source"), table, ["source"], unique=False)


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(op.f(f"ix_{table}_source"), table_name=table)
        with op.batch_alter_table(table) as batch:
            batch.drop_column("source")

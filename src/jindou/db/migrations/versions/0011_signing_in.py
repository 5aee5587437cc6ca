"""Sessions that are listed and revoked, and the emergencies in which the operator came in.

Sessions have to name themselves from now on, so whoever is signed in signs in again.
"""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(sa.delete(sa.table("session")))
    with op.batch_alter_table("session") as table:
        table.add_column(sa.Column("id", sa.String(length=40), nullable=False))
        table.add_column(sa.Column("method", sa.String(length=20), nullable=False))
        table.add_column(sa.Column("agent", sa.String(length=200), nullable=False))
        table.add_column(sa.Column("place", sa.String(length=20), nullable=False))
        table.add_column(sa.Column("last_used_at", jindou.db.UtcDateTime(timezone=True), nullable=False))
        table.create_unique_constraint(op.f("uq_session_id"), ["id"])
        table.create_index(op.f("ix_session_person_id"), ["person_id"], unique=False)
    with op.batch_alter_table("sign_in_link") as table:
        table.add_column(sa.Column("minutes", sa.Integer(), nullable=True))
        table.add_column(sa.Column("reason", sa.String(length=400), server_default="", nullable=False))
        table.add_column(sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sign_in_link") as table:
        for column in ("created_at", "reason", "minutes"):
            table.drop_column(column)
    with op.batch_alter_table("session") as table:
        table.drop_index(op.f("ix_session_person_id"))
        table.drop_constraint(op.f("uq_session_id"), type_="unique")
        for column in ("last_used_at", "place", "agent", "method", "id"):
            table.drop_column(column)

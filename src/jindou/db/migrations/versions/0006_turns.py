"""Whose turn a task takes, and what a worker must know to do it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_HELD = ("lease_until IS NOT NULL", "lease_until IS NOT NULL")
_INDEXES = {
    "ix_task_turn": (["priority", "org_id", "person_id", "available_at"], ("ready = 1", "ready")),
    "ix_task_waiting": (["available_at"], ("ready = 0", "NOT ready")),
    "ix_task_lease_until": (["lease_until"], _HELD),
    "ix_task_suspect": (["available_at"], ("lost >= 2", "lost >= 2")),
    "ix_task_held": (["org_id"], _HELD),
}


def upgrade() -> None:
    with op.batch_alter_table("task") as table:
        table.add_column(sa.Column("person_id", sa.String(length=40), server_default="", nullable=False))
        table.add_column(sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False))
        table.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("lost", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("ready", sa.Boolean(), server_default=sa.text("true"), nullable=False))
        table.drop_index("ix_task_available_at")
    for name, (columns, (sqlite, postgresql)) in _INDEXES.items():
        op.create_index(name, "task", columns, sqlite_where=sa.text(sqlite), postgresql_where=sa.text(postgresql))
    is_open = sa.text("finished_at IS NULL")
    op.create_index("ix_run_open", "run", ["id"], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_index("ix_run_open", "run")
    for name in _INDEXES:
        op.drop_index(name, "task")
    with op.batch_alter_table("task") as table:
        for name in ("ready", "lost", "version", "priority", "person_id"):
            table.drop_column(name)
        table.create_index("ix_task_available_at", ["available_at"])

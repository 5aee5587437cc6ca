"""Approvals that several people give, change or hand on, and runs that undo another."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with op.batch_alter_table("approval") as table:
        table.add_column(sa.Column("turn", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("needed", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("votes", sa.JSON(), server_default="[]", nullable=False))
        table.add_column(sa.Column("origins", sa.JSON(), server_default="{}", nullable=False))
        table.add_column(sa.Column("estimate_micro", sa.BigInteger(), server_default="0", nullable=False))
        table.add_column(sa.Column("asked_arguments", sa.JSON(), server_default="{}", nullable=False))
        table.add_column(sa.Column("edited_by_name", sa.String(length=200), nullable=True))
    _give_votes()
    with op.batch_alter_table("run") as table:
        table.add_column(sa.Column("undoes", sa.String(length=40), nullable=True))
        table.create_index(op.f("ix_run_undoes"), ["undoes"], unique=False)
    op.create_table(
        "approval_delegation",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("from_id", sa.String(length=40), nullable=False),
        sa.Column("to_id", sa.String(length=40), nullable=False),
        sa.Column("assistant", sa.String(length=120), nullable=True),
        sa.Column("tool", sa.String(length=120), nullable=True),
        sa.Column("starts_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_delegation")),
    )
    for column in ("from_id", "to_id", "org_id"):
        op.create_index(op.f(f"ix_approval_delegation_{column}"), "approval_delegation", [column], unique=False)
    op.create_table(
        "approval_link",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("approval_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("used_at", jindou.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_link")),
    )
    for column in ("approval_id", "org_id"):
        op.create_index(op.f(f"ix_approval_link_{column}"), "approval_link", [column], unique=False)


def _give_votes() -> None:
    """Write down who approved: a call that was approved and has not begun yet is looked at again."""
    approval = sa.table(
        "approval",
        sa.column("id", sa.String()),
        sa.column("status", sa.String()),
        sa.column("arguments_hash", sa.String()),
        sa.column("decided_by", sa.String()),
        sa.column("decided_by_name", sa.String()),
        sa.column("decided_at", jindou.db.UtcDateTime(timezone=True)),
        sa.column("votes", sa.JSON()),
    )
    connection = op.get_bind()
    approved = sa.select(approval).where(approval.c.status == "approved", approval.c.decided_by.is_not(None))
    for row in connection.execute(approved).all():
        vote = {
            "person_id": row.decided_by,
            "person_name": row.decided_by_name,
            "right_of": row.decided_by,
            "right_of_name": row.decided_by_name,
            "arguments_hash": row.arguments_hash,
            "at": row.decided_at.isoformat(),
        }
        connection.execute(sa.update(approval).where(approval.c.id == row.id).values(votes=[vote]))


def downgrade() -> None:
    op.drop_table("approval_link")
    op.drop_table("approval_delegation")
    with op.batch_alter_table("run") as table:
        table.drop_index(op.f("ix_run_undoes"))
        table.drop_column("undoes")
    with op.batch_alter_table("approval") as table:
        for column in ("edited_by_name", "asked_arguments", "estimate_micro", "origins", "votes", "needed", "turn"):
            table.drop_column(column)

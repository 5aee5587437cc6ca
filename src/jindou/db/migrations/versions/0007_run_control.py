"""What a run is asked to do while it is under way, where it branched off, and how long it was at work."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("run") as table:
        table.add_column(sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False))
        table.add_column(sa.Column("worked_ms", sa.BigInteger(), server_default="0", nullable=False))
        table.add_column(sa.Column("running_since", jindou.db.UtcDateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("pause_requested", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("branched_from", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("branched_step", sa.Integer(), nullable=True))
    with op.batch_alter_table("run_step") as table:
        table.add_column(sa.Column("copied_from", sa.String(length=40), nullable=True))
    with op.batch_alter_table("conversation") as table:
        table.add_column(sa.Column("branched_from", sa.String(length=40), nullable=True))
    units = "input_tokens + cached_tokens + output_tokens + reasoning_tokens"
    op.execute(
        f"UPDATE run SET tokens = (SELECT COALESCE(SUM({units}), 0) FROM run_step WHERE run_step.run_id = run.id)"  # noqa: S608 - the names are ours
    )


def downgrade() -> None:
    with op.batch_alter_table("conversation") as table:
        table.drop_column("branched_from")
    with op.batch_alter_table("run_step") as table:
        table.drop_column("copied_from")
    with op.batch_alter_table("run") as table:
        for column in ("branched_step", "branched_from", "pause_requested", "running_since", "worked_ms", "tokens"):
            table.drop_column(column)

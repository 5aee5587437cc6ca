"""An index of what a worker died at, so that it is taken up first."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.drop_index("ix_task_suspect", "task")
    lost = sa.text("lost >= 1")
    op.create_index("ix_task_lost", "task", ["available_at"], sqlite_where=lost, postgresql_where=lost)


def downgrade() -> None:
    op.drop_index("ix_task_lost", "task")
    suspect = sa.text("lost >= 2")
    op.create_index("ix_task_suspect", "task", ["available_at"], sqlite_where=suspect, postgresql_where=suspect)

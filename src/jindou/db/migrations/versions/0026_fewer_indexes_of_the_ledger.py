"""Every call writes into each index of the ledger: one of what is not closed is small, and months are found by ids."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.drop_index("ix_meter_event_month", "meter_event")
    op.drop_index("ix_meter_attempt_status", "meter_attempt")
    not_closed = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_meter_attempt_open", "meter_attempt", ["id"], sqlite_where=not_closed, postgresql_where=not_closed
    )


def downgrade() -> None:
    op.drop_index("ix_meter_attempt_open", "meter_attempt")
    op.create_index("ix_meter_attempt_status", "meter_attempt", ["status"])
    op.create_index("ix_meter_event_month", "meter_event", ["month"])

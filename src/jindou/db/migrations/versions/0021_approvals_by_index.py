"""What people see of approvals is found by an index."""

from alembic import op

revision = "0021"
down_revision = "0020"

INDEXES = {
    "ix_approval_asked": ["org_id", "requested_by", "id"],
    "ix_approval_kinds": ["org_id", "status", "assistant", "tool"],
    "ix_approval_newest": ["org_id", "id"],
    "ix_approval_newest_of_status": ["org_id", "status", "id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "approval", columns, unique=False)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="approval")

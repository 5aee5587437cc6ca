"""Authenticators, recovery codes, sign-ins that wait for them, and whether an organisation requires them."""

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "account_totp",
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("made_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "is_confirmed", name=op.f("pk_account_totp")),
    )
    op.create_table(
        "account_recovery",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_account_recovery")),
    )
    op.create_table(
        "account_pending",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_account_pending")),
    )
    op.create_table(
        "account_rules",
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_account_rules")),
    )
    for table, columns in _INDICES:
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    with op.batch_alter_table("session") as session:
        session.add_column(sa.Column("factors", sa.JSON(), server_default="[]", nullable=False))
        session.add_column(sa.Column("must_enrol", sa.Boolean(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("session") as session:
        session.drop_column("must_enrol")
        session.drop_column("factors")
    for table in ("account_rules", "account_pending", "account_recovery", "account_totp"):
        op.drop_table(table)


_INDICES = (
    ("account_totp", ("key_id", "org_id")),
    ("account_recovery", ("org_id", "person_id")),
    ("account_pending", ("org_id", "person_id")),
)

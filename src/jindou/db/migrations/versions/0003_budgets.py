"""Budgets with their counters, and attempts that say whose they are, for runs as for the gateway."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0003"
down_revision = "0002"

_SHARE: sa.types.TypeEngine[float] = sa.Double()
_NAMES = (("assistant", 120), ("run_id", 40), ("step_id", 40), ("deployment", 120), ("engine", 120), ("owner", 80))


def upgrade() -> None:
    _create_budgets()
    _widen_attempts()
    with op.batch_alter_table("meter_event") as table:
        table.add_column(sa.Column("deployment", sa.String(length=120), server_default="", nullable=False))
        table.add_column(sa.Column("engine", sa.String(length=120), server_default="", nullable=False))
        table.add_column(sa.Column("reasoning_tokens", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("run_step") as table:
        table.add_column(sa.Column("reasoning_tokens", sa.Integer(), server_default="0", nullable=False))
    _add_month("meter_event")
    op.create_index("ix_meter_event_month", "meter_event", ["month"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("run_step") as table:
        table.drop_column("reasoning_tokens")
    op.drop_index("ix_meter_event_month", table_name="meter_event")
    with op.batch_alter_table("meter_event") as table:
        for column in ("month", "reasoning_tokens", "engine", "deployment"):
            table.drop_column(column)
    with op.batch_alter_table("meter_attempt") as table:
        for column in ("month", "tokens", "attempt", *(name for name, _ in _NAMES)):
            table.drop_column(column)
    op.drop_table("budget_minute")
    op.drop_table("budget_month")
    op.drop_table("budget")


def _create_budgets() -> None:
    op.create_table(
        "budget",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("scope_id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("monthly_micro", sa.BigInteger(), nullable=True),
        sa.Column("warn_share", _SHARE, nullable=True),
        sa.Column("rpm", sa.BigInteger(), nullable=True),
        sa.Column("tpm", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
        sa.UniqueConstraint("org_id", "scope", "scope_id", name=op.f("uq_budget_org_id_scope_scope_id")),
    )
    op.create_index(op.f("ix_budget_org_id"), "budget", ["org_id"], unique=False)
    op.create_index("ix_budget_scope_id", "budget", ["scope_id"], unique=False)
    month = (sa.Column("month", sa.String(length=7), nullable=False), *_amounts("spent_micro", "held_micro"))
    _create_counter("budget_month", month, "month")
    _create_counter("budget_minute", _amounts("minute", "requests", "tokens"))


def _create_counter(name: str, columns: tuple[sa.Column[Any], ...], *key: str) -> None:
    op.create_table(
        name,
        sa.Column("budget_id", sa.String(length=40), nullable=False),
        *columns,
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budget.id"], name=op.f(f"fk_{name}_budget_id_budget"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("budget_id", *key, name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_org_id"), name, ["org_id"], unique=False)


def _amounts(*names: str) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, sa.BigInteger(), nullable=False) for name in names)


def _widen_attempts() -> None:
    with op.batch_alter_table("meter_attempt") as table:
        for name, length in _NAMES:
            table.add_column(sa.Column(name, sa.String(length=length), server_default="", nullable=False))
        table.add_column(sa.Column("attempt", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False))
    _add_month("meter_attempt")


def _add_month(table_name: str) -> None:
    """Say of every row which month pays it: until now, that of its time."""
    with op.batch_alter_table(table_name) as table:
        table.add_column(sa.Column("month", sa.String(length=7), nullable=True))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    of = "substr(at, 1, 7)" if is_sqlite else "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM')"
    op.execute(f"UPDATE {table_name} SET month = {of}")  # noqa: S608 - the names are ours
    with op.batch_alter_table(table_name) as table:
        table.alter_column("month", existing_type=sa.String(length=7), nullable=False)

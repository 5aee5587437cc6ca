"""People who come and go, service accounts, and teams."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import jindou.db

revision = "0009"
down_revision = "0008"

_FIRST = "administrator"


def upgrade() -> None:
    with op.batch_alter_table("person") as table:
        table.add_column(sa.Column("kind", sa.String(length=10), server_default="person", nullable=False))
        table.add_column(sa.Column("skeleton", sa.String(length=160), nullable=True))
        table.add_column(sa.Column("email", sa.String(length=320), server_default="", nullable=False))
        table.add_column(sa.Column("external_id", sa.String(length=200), nullable=True))
        table.add_column(sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False))
        table.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("updated_at", jindou.db.UtcDateTime(timezone=True), nullable=True))
    _fill_in()
    with op.batch_alter_table("person") as table:
        table.alter_column("skeleton", existing_type=sa.String(length=160), nullable=False)
        table.alter_column("updated_at", existing_type=jindou.db.UtcDateTime(timezone=True), nullable=False)
        table.create_unique_constraint(op.f("uq_person_org_id_skeleton"), ["org_id", "skeleton"])
        table.create_index(op.f("ix_person_external_id"), ["external_id"], unique=False)
    op.create_table(
        "team",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("skeleton", sa.String(length=400), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", jindou.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("org_id", "skeleton", name=op.f("uq_team_org_id_skeleton")),
    )
    for column in ("external_id", "org_id"):
        op.create_index(op.f(f"ix_team_{column}"), "team", [column], unique=False)
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("org_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "person_id", name=op.f("pk_team_member")),
    )
    for column in ("person_id", "org_id"):
        op.create_index(op.f(f"ix_team_member_{column}"), "team_member", [column], unique=False)


def _fill_in() -> None:
    """Give everybody the shape of their handle, and each organisation an administrator: its first manager or person.

    Handles came from packs until now, in plain letters, so that their shape needs but a few of the rules.
    """
    person = sa.table(
        "person",
        sa.column("id", sa.String()),
        sa.column("org_id", sa.String()),
        sa.column("handle", sa.String()),
        sa.column("roles", sa.JSON()),
        sa.column("skeleton", sa.String()),
        sa.column("created_at", jindou.db.UtcDateTime(timezone=True)),
        sa.column("updated_at", jindou.db.UtcDateTime(timezone=True)),
    )
    connection = op.get_bind()
    people = connection.execute(sa.select(person).order_by(person.c.id)).all()
    for row in people:
        changed: dict[str, object] = {"skeleton": _shape(row.handle), "updated_at": row.created_at}
        if row.id == _first(people, row.org_id):
            changed["roles"] = [*row.roles, _FIRST]
        connection.execute(sa.update(person).where(person.c.id == row.id).values(changed))


def _first(people: Sequence[sa.Row[tuple[object, ...]]], org_id: str) -> str:
    here = [row for row in people if row.org_id == org_id]
    return min(here, key=lambda row: ("manager" not in row.roles, row.id)).id


def _shape(handle: str) -> str:
    return handle.casefold().translate(str.maketrans("|1i0", "lllo")).replace("rn", "m").replace("vv", "w")


def downgrade() -> None:
    op.drop_table("team_member")
    op.drop_table("team")
    with op.batch_alter_table("person") as table:
        table.drop_index(op.f("ix_person_external_id"))
        table.drop_constraint(op.f("uq_person_org_id_skeleton"), type_="unique")
        for column in ("updated_at", "version", "active", "external_id", "email", "skeleton", "kind"):
            table.drop_column(column)

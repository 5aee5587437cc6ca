"""Which approvals somebody sees: those that they asked for, and those that they may decide about."""

from sqlalchemy import Select, select

from jindou.agents.approvals.rights import RightsOf
from jindou.agents.approvals.tables import ApprovalRow
from jindou.db import Work
from jindou.identity.principals import Principal

__all__ = ["rows_of"]


def rows_of(
    work: Work, who: Principal, rights: RightsOf, *, status: str | None, limit: int, before: str | None
) -> list[ApprovalRow]:
    """Return what somebody asked for or may decide, the newest first; with `before`, what is older than that one.

    Both are asked of the database, by an index each. What a right depends on the facts of a call for is looked at one
    by one; rules of packs need none.
    """
    known = select(ApprovalRow)
    if status is not None:
        known = known.where(ApprovalRow.status == status)
    newest = known.order_by(ApprovalRow.id.desc())
    if before is not None:
        newest = newest.where(ApprovalRow.id < before)
    mine = work.session.scalars(newest.where(ApprovalRow.requested_by == who.person_id).limit(limit)).all()
    others: list[ApprovalRow] = []
    decidable: Select[ApprovalRow] | None = _decidable(work, known, newest, rights)
    while decidable is not None and len(others) < limit:
        seen = work.session.scalars(decidable.limit(limit)).all()
        others += [row for row in seen if rights.over(row) is not None]
        decidable = decidable.where(ApprovalRow.id < seen[-1].id) if len(seen) == limit else None
    return sorted([*mine, *others], key=lambda row: row.id, reverse=True)[:limit]


def _decidable(
    work: Work, known: Select[ApprovalRow], newest: Select[ApprovalRow], rights: RightsOf
) -> Select[ApprovalRow]:
    kinds = known.with_only_columns(ApprovalRow.assistant, ApprovalRow.tool).distinct()
    calls = [(assistant, tool) for assistant, tool in work.session.execute(kinds)]
    return newest.where(rights.among(calls))

"""What is found out before a transaction decides: who has no right to, and what the tools say of the calls by now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from jindou.agents.approvals.afresh import Afresh
from jindou.agents.approvals.editing import Editing, Proposal, Prospect
from jindou.agents.approvals.queries import is_open
from jindou.agents.approvals.rights import Rights, RightsOf
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Verdict
from jindou.db import Database
from jindou.errors import JindouError, NotFound
from jindou.identity.principals import Principal

__all__ = ["Foreseen", "Foresight", "visible"]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is known of some approvals, by their ids.

    `refused` are those that this verdict can't be given about, and why; `void` those that let nothing pass any more;
    `prospects` is what the tools say where the call is changed, or approved as it is now.
    """

    refused: Mapping[str, JindouError] = field(default_factory=dict[str, JindouError])
    void: Collection[str] = ()
    prospects: Mapping[str, Prospect] = field(default_factory=dict[str, Prospect])

    def require(self, approval_id: str) -> None:
        """Make sure that nothing speaks against deciding about an approval so far.

        Raises:
            JindouError: what does.
        """
        if approval_id in self.refused:
            raise self.refused[approval_id]


class Foresight:
    """Looks ahead, in units of work that only read; the tools are asked outside of them, about what one may decide."""

    def __init__(self, rights: Rights, editing: Editing, afresh: Afresh) -> None:
        self._rights = rights
        self._editing = editing
        self._afresh = afresh

    def foresee(self, database: Database, who: Principal, approval_ids: Sequence[str], verdict: Verdict) -> Foreseen:
        """Return what is known of approvals that somebody is about to give a verdict on."""
        refused: dict[str, JindouError] = {}
        proposals: dict[str, Proposal] = {}
        with database.reading(who.org_id) as work:
            rights = self._rights.of(work, who)
            rows = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id.in_(approval_ids))).all()
            known = {row.id: row for row in rows}
            for id_ in dict.fromkeys(approval_ids):
                try:
                    row = visible(rights, who, known.get(id_))
                    rights.require(row)
                    seen = verdict.arguments_hash in {None, row.arguments_hash}
                    if verdict.decision == "approve" and is_open(work, row) and seen:
                        proposal = self._editing.propose(work, row, verdict)
                        proposals |= {} if proposal is None else {id_: proposal}
                except JindouError as error:
                    refused[id_] = error
        if verdict.decision == "deny" or verdict.changes_call:
            answers = self._editing.ask(proposals)
            refused |= {id_: one for id_, one in answers.items() if isinstance(one, JindouError)}
            return Foreseen(refused, prospects={id_: one for id_, one in answers.items() if isinstance(one, Prospect)})
        open_ = [id_ for id_ in known if id_ not in refused]
        return Foreseen(refused, void=self._afresh.void(database, who.org_id, open_))


def visible(rights: RightsOf, who: Principal, row: ApprovalRow | None) -> ApprovalRow:
    """Return an approval that somebody asked for or may decide.

    Raises:
        NotFound: there is none that this person may know of.
    """
    if row is None or not (row.requested_by == who.person_id or rights.over(row) is not None):
        raise NotFound("There is no such approval.")
    return row

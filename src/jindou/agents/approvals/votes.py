"""Who has approved a call: their votes count only while they, and those whose right they used, may still decide."""

from jindou.agents.approvals.queries import votes_of
from jindou.agents.approvals.rights import Right, Rights
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Vote
from jindou.db import Work

__all__ = ["Votes"]


class Votes:
    """The votes of an approval, held against the rights that there are now."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    def standing(self, work: Work, row: ApprovalRow) -> list[Vote]:
        """Return the votes for the arguments that hold, each with a right that is still theirs."""
        return [vote for vote in votes_of(row) if self.still_counts(work, row, vote)]

    def still_counts(self, work: Work, row: ApprovalRow, vote: Vote) -> bool:
        """Say whether somebody may still decide with the right that they voted with."""
        rights = self._rights.of_id(work, row.org_id, vote.person_id)
        return rights is not None and rights.has(row, vote.right_of)

    def used(self, work: Work, row: ApprovalRow) -> set[str]:
        """Return everybody who approved, and everybody whose right they did it with: none of them counts twice."""
        votes = self.standing(work, row)
        return {vote.person_id for vote in votes} | {vote.right_of for vote in votes}

    def add(self, work: Work, row: ApprovalRow, right: Right) -> list[Vote]:
        """Add somebody's vote to those that still count, and return the votes that no longer do."""
        standing = self.standing(work, row)
        lapsed = [vote for vote in votes_of(row) if vote not in standing]
        vote = Vote(
            person_id=right.who.person_id,
            person_name=right.who.name,
            right_of=right.owner.person_id,
            right_of_name=right.owner.name,
            arguments_hash=row.arguments_hash,
            at=work.now(),
        )
        row.votes = [kept.model_dump(mode="json") for kept in (*standing, vote)]
        return lapsed

"""A call that waits for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from jindou.agents.tools import Change
from jindou.billing.pricing import Money
from jindou.identity.policy import Rule

__all__ = [
    "Approval",
    "ApprovalStatus",
    "Case",
    "Delegation",
    "Lapse",
    "NewDelegation",
    "Now",
    "Origin",
    "Verdict",
    "Vote",
]

ApprovalStatus = Literal["waiting", "approved", "denied", "expired", "withdrawn"]

Lapse = Literal["arguments", "facts", "rights", "approvers"]
"""Why an approval holds no more: what it was given for is different, or who gave it may not, or too few have."""

_TEXT = r"^[^\x00]*$"


class Origin(BaseModel):
    """Where the value of an argument comes from, as the platform found it, never as a model says.

    `person`: it stands in what the person wrote. `record`: in a field of a tool's result that is the company's own
    record. `tool`: elsewhere in a result. `approver`: who approved put it there. `model`: nowhere, so the model chose
    it. `step` is the number of the step that had the result.
    """

    source: Literal["person", "record", "tool", "approver", "model"]
    step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What somebody who decides about a call should know of it, beside the call itself."""

    run_id: str
    step_id: str
    message: str
    changes: Sequence[Change]
    origins: Mapping[str, Origin]
    cost: Money
    estimate: Money


class Vote(BaseModel):
    """Somebody's yes to exactly these arguments. `right_of` is whose right it was: their own, or one handed to them."""

    person_id: str
    person_name: str
    right_of: str
    right_of_name: str
    arguments_hash: str
    at: datetime


class Now(BaseModel):
    """How a call that waits stands by now, against what was shown when it was asked.

    `changed`: it would change something else, and an approval still holds. `moved`: what the rules look at is not as it
    was, so it can only be approved as it is now, by `facts_hash`. `void`: it can't be approved at all. `unknown`: its
    tool did not say in time. `changes` is the diff where it is another now, `problem` why the call can't be made any
    more, and `rules` are those that refuse it to who asked.
    """

    state: Literal["same", "changed", "moved", "void", "unknown"]
    facts_hash: str = ""
    changes: list[Change] = []
    problem: str = ""
    rules: list[Rule] = []


class Approval(BaseModel):
    """One call of a tool that a rule lets through only if somebody else approves exactly this call.

    `arguments_hash` binds the approval to the arguments; `changes` is the diff of what will change; `origins` says
    where each argument comes from. `cost` is what the run had cost when it asked, and `estimate` what the rest of it
    costs at most. `needed` different people must approve; `votes` are those who have. `alike` is the same for calls
    of one tool for one assistant that wait by the same rules. `can_decide` says whether the viewer may decide it now;
    `deciders` are the people who may and have not yet, told only of an approval that is looked at alone. Where somebody
    changed the arguments before approving, `edited_by_name` says who, and `asked_arguments` what was asked for. `now`
    is told of what waits, where somebody looks at it. Where who decided had the right from somebody else,
    `decided_for_name` says from whom.
    """

    id: str
    run_id: str
    step_id: str
    assistant: str
    tool: str
    tool_title: dict[str, str]
    risk: str
    arguments: dict[str, object]
    arguments_hash: str
    origins: dict[str, Origin] = {}
    changes: list[Change]
    rules: list[Rule]
    cost: Money
    estimate: Money
    requested_by: str
    requested_by_name: str
    message: str
    status: ApprovalStatus
    needed: int = 1
    votes: list[Vote] = []
    alike: str = ""
    created_at: datetime
    expires_at: datetime
    decided_by_name: str | None = None
    decided_for_name: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    asked_arguments: dict[str, object] = {}
    edited_by_name: str | None = None
    can_decide: bool = False
    deciders: list[str] = []
    now: Now | None = None

    def deciders_as(self, handed: str) -> list[str]:
        """Return who approved so far or, where somebody denied, who did; with `handed` of {name} for {owner}."""
        if self.status != "denied" and self.votes:
            named = [
                (one.person_name, one.right_of_name if one.right_of != one.person_id else "") for one in self.votes
            ]
        else:
            named = [(self.decided_by_name or "", self.decided_for_name or "")]
        return [handed.format(name=name, owner=owner) if owner else name for name, owner in named]

    @property
    def holds(self) -> bool:
        """Whether approving it as it was asked may let it pass, as far as anybody has looked."""
        return self.now is None or self.now.state not in {"moved", "void"}


class Verdict(BaseModel):
    """What somebody decides. A denial needs a `reason`, which the assistant and the person who asked will read.

    With `arguments`, the call is changed before it is approved. With `arguments_hash`, the decision is only for the
    arguments that were seen. With the `facts_hash` of `Approval.now`, it is approved as it was seen then.
    """

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "deny"]
    reason: str = Field(default="", max_length=1000, pattern=_TEXT)
    arguments: dict[str, object] | None = None
    arguments_hash: str | None = Field(default=None, max_length=64, pattern=_TEXT)
    facts_hash: str | None = Field(default=None, max_length=64, pattern=_TEXT)

    @property
    def changes_call(self) -> bool:
        """Whether what is approved is not what was asked: with other arguments, or as it is now."""
        return self.arguments is not None or self.facts_hash is not None


class NewDelegation(BaseModel):
    """Hand one's right to decide to the person with the handle `to`, from `starts_at` (now) until `ends_at`.

    Without `assistant` and `tool` it is for every one of them.
    """

    model_config = ConfigDict(extra="forbid")

    to: str = Field(min_length=1, max_length=80, pattern=_TEXT)
    ends_at: AwareDatetime
    starts_at: AwareDatetime | None = None
    assistant: str | None = Field(default=None, max_length=120, pattern=_TEXT)
    tool: str | None = Field(default=None, max_length=120, pattern=_TEXT)


class Delegation(BaseModel):
    """A right to decide that somebody handed to somebody else. `is_active` says whether it holds now."""

    id: str
    from_id: str
    from_name: str
    to_id: str
    to_name: str
    assistant: str | None
    tool: str | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    revoked_at: datetime | None
    is_active: bool

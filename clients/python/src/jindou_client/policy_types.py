"""What the server sends of an organisation's own rules, typed."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from jindou_client.approval_types import Rule
from jindou_client.decision_types import Verb

__all__ = [
    "PolicyChange",
    "PolicyCheck",
    "PolicyDetail",
    "PolicyDiff",
    "PolicyProblem",
    "PolicyRule",
    "PolicyShadow",
    "PolicyState",
    "PolicyTrial",
    "PolicyVersion",
    "ShadowChange",
    "ShadowExample",
]


class PolicyTrial(BaseModel):
    """How one test ended. `problem` is why it could not be asked."""

    file: str
    name: str
    passed: bool
    expected: Verb
    verb: Verb | None
    rules: list[str]
    problem: str = ""


class PolicyProblem(BaseModel):
    """What stands in the way of rules: ``rules``, ``names``, ``tests`` or ``lock-out``."""

    kind: Literal["rules", "names", "tests", "lock-out"]
    message: str
    rule: str


class PolicyRule(BaseModel):
    """A rule as it stands in a file."""

    rule: Rule
    effect: Literal["permit", "forbid"]
    file: str
    line: int
    text: str


class PolicyChange(BaseModel):
    """What becomes of one rule. `parts` says what differs: effect, who, what, where, when, reason, approvers.

    `widens` says that somebody may do more, or ask for more; `narrows` that somebody may do less. A rule that was
    changed may do both.
    """

    id: str
    change: Literal["added", "removed", "changed"]
    before: PolicyRule | None
    after: PolicyRule | None
    parts: list[str]
    widens: bool
    narrows: bool


class PolicyDiff(BaseModel):
    """What differs between two versions. 0 is no rules of one's own."""

    before: int
    after: int | None
    changes: list[PolicyChange]


class PolicyCheck(BaseModel):
    """What was found out about files: good only where there is no problem. `changes` are against what is in force.

    `notes` are no problems, but probably no intention either.
    """

    good: bool
    problems: list[PolicyProblem]
    notes: list[str]
    rules: list[PolicyRule]
    trials: list[PolicyTrial]
    changes: list[PolicyChange]


class PolicyVersion(BaseModel):
    """A version. `digest` is the SHA-256 of its files."""

    number: int
    author_id: str
    author_name: str
    created_at: datetime
    note: str
    digest: str
    active: bool


class PolicyState(BaseModel):
    """The versions, the newest first, and which is in force. 0 is no rules of one's own.

    `previous` is what rolling back leads to; None where nothing was ever put in force.
    """

    active: int
    previous: int | None
    changed_at: datetime | None
    changed_by_name: str
    versions: list[PolicyVersion]


class PolicyDetail(PolicyVersion):
    """A version with its files and its rules."""

    files: dict[str, str]
    rules: list[PolicyRule]


class ShadowExample(BaseModel):
    """A call that would be decided otherwise."""

    at: datetime
    person_name: str
    assistant: str
    tool: str
    before_rules: list[Rule]
    after_rules: list[Rule]


class ShadowChange(BaseModel):
    """How many calls would be decided otherwise in the same way, with some of them."""

    before: Verb
    after: Verb
    count: int
    examples: list[ShadowExample]


class PolicyShadow(BaseModel):
    """What a version would have changed: each call since then is decided by the rules in force, and by these.

    `decisions` were looked at, of `recorded`: the newest, back to `reaches`, as many as there is time for.
    """

    number: int
    active: int
    since: datetime
    reaches: datetime | None
    recorded: int
    decisions: int
    unchanged: int
    changes: list[ShadowChange]

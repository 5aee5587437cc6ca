"""An organisation's own rules: what is proposed, what is wrong with it, and what it would change."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jindou.agents.decisions import Proposal
from jindou.identity.policy import Rule, Verb

__all__ = [
    "PolicyActivation",
    "PolicyChange",
    "PolicyCheck",
    "PolicyDetail",
    "PolicyDiff",
    "PolicyFiles",
    "PolicyProblem",
    "PolicyProposal",
    "PolicyRule",
    "PolicyShadow",
    "PolicyState",
    "PolicyTrial",
    "PolicyVersion",
    "ShadowChange",
    "ShadowExample",
    "Trial",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}\.(cedar|yaml)")
_MOST_FILES = 20
_MOST_BYTES = 200_000
_LINE = r"^[^\x00-\x1f\x7f]*$"


def _require_files(files: dict[str, str]) -> dict[str, str]:
    """Let files pass by name, number and size.

    Raises:
        ValueError: what is wrong with them.
    """
    if not files or len(files) > _MOST_FILES:
        raise ValueError(f"There must be from 1 to {_MOST_FILES} files.")
    wrong = next((name for name in files if _NAME.fullmatch(name) is None), None)
    if wrong is not None:
        raise ValueError(f"{wrong[:80]!r} is no name: small letters, digits, - _ . and .cedar or .yaml at the end.")
    if sum(len(text.encode(errors="replace")) for text in files.values()) > _MOST_BYTES:
        raise ValueError(f"The files may have {_MOST_BYTES} bytes together.")
    if any(not text.isascii() and not _is_text(text) for text in files.values()) or any(
        "\x00" in text for text in files.values()
    ):
        raise ValueError("A file is no text in UTF-8.")
    return files


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class PolicyFiles(BaseModel):
    """Rules in `.cedar` files and their tests in `.yaml` files, by name."""

    model_config = ConfigDict(extra="forbid")

    files: Annotated[dict[str, str], AfterValidator(_require_files)]


class PolicyProposal(PolicyFiles):
    """A new version, with a line that says why."""

    note: str = Field(default="", max_length=400, pattern=_LINE)


class PolicyActivation(BaseModel):
    """`over` is the version that is in force as far as the person knows; another one in force is a conflict."""

    model_config = ConfigDict(extra="forbid")

    over: int | None = Field(default=None, ge=0, le=2**31 - 1)


class Trial(Proposal):
    """A test of rules: a call, and what must be decided about it.

    The call is one of `principal`, or of anybody who has these `roles`. With `facts` they are what is known of it, else
    the tool is asked. `rule` must be among the rules that decided.
    """

    name: str = Field(default="", max_length=200)
    roles: list[str] | None = Field(default=None, max_length=20)
    facts: dict[str, bool | int | str] | None = None
    expect: Verb
    rule: str | None = Field(default=None, max_length=120)


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

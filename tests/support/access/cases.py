"""One random case after the other: what a door answered, beside what the oracle says."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal
from urllib.parse import parse_qsl

from jindou_client.errors import ClientError
from support.access.company import EVERYTHING, MARK, Company
from support.access.doors import Answer
from support.access.oracle import Row, Someone, right_to
from support.access.question import Question
from support.access.questions import QUESTIONS

__all__ = ["Found", "ask_question"]

_REFUSALS = {"no": 403, "hidden": 404}
_KNOWN = re.compile(rf"\b(?:[a-z]{{3}}_[0-9a-z]{{20,}}|{MARK}\d{{5}})\b")
_VALUE = re.compile(rf"{MARK}-of-[\w ]+?-(?:old-)?erp")
_SEEN_BY: Mapping[str, str] = {
    # An approval has the id of its run and the request, which is what a mark of a run is.
    "run": "approvals::read",
    "conversation": "runs::read",
    "approval": "approvals::read",
    "waiting": "approvals::read",
    "delegation": "delegations::read",
    "key": "keys::read",
    "gone_key": "keys::read",
    "secret": "secrets::read",
    "gone_secret": "secrets::read",
    "budget": "budgets::read",
    "team": "administrator",
    "service": "administrator",
    "service_key": "administrator",
    "person": "anybody",
    "leaver": "anybody",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A disagreement. `what` groups those that are alike; the shortest `case` of a group is the smallest."""

    kind: Literal["leak", "wrong refusal"]
    door: str
    what: str
    case: str
    number: int = -1


def ask_question(company: Company, dice: random.Random, door: str) -> list[Found]:
    """Ask a random question by a door, as a random person about a random row."""
    company.assist(EVERYTHING)
    question = dice.choice([one for one in QUESTIONS if door in one.doors])
    who = dice.choice(company.active())
    row = _row(company, dice, who, question)
    expected = right_to(question.right, who, row)
    if question.is_final and expected == "yes":
        return []
    answer = _answer(company, question, door, who, row)
    told = f"{who}: {question.name} {_told(company, row)}: the oracle says {expected}, the answer is {answer.status}"
    if answer.status >= 500:
        return [Found("wrong refusal", door, f"{question.name}: {answer.status}", told)]
    if expected == "yes":
        if not _is_good(question, door, answer):
            return [Found("wrong refusal", door, f"{question.name}: {answer.status}", told)]
        return [*_lacking(company, question, door, who, answer), *_telling(company, question, door, who, answer)]
    if answer.status != _REFUSALS[expected]:
        return [Found("leak", door, f"{question.name}: {answer.status} for {_REFUSALS[expected]}", told)]
    # The address of a page, or an error, may say once more what was asked for.
    unsaid = Answer(answer.status, answer.text.replace(row.id, "") if row is not None else answer.text)
    return _telling(company, question, door, who, unsaid)


def _row(company: Company, dice: random.Random, who: Someone, question: Question) -> Row | None:
    """Return one's own row, a colleague's, or one of another organisation."""
    if not question.kind:
        return None
    rows = company.of_kind(question.kind)
    ours = [row for row in rows if row.org == who.org]
    mine = [row for row in ours if row.owner == who.id]
    return dice.choice(dice.choice([some for some in (mine, ours, rows) if some]))


def _told(company: Company, row: Row | None) -> str:
    if row is None:
        return ""
    owner = next((one for one in company.people if one.id == row.owner), None)
    return f"of {owner or row.org} ({row.kind}{f', asked for {row.asked[0]}' if row.asked else ''})"


def _answer(company: Company, question: Question, door: str, who: Someone, row: Row | None) -> Answer:
    id_ = row.id if row is not None else ""
    headers = company.headers(who)
    if door == "client":
        return _by_client(company, question, headers, [id_] if question.kind else [])
    if door == "command":
        words = question.command.format(id=id_).split()
        return company.wire.command([*words, "--as", f"{company.org_id(who.org)}/{who.handle}", "--json"])
    method, _, path = (question.http if door == "http" else question.page).partition(" ")
    path = path.format(id=id_, me=who.id)
    if door == "http":
        named = {"{id}": id_, "{other}": "ines" if who.handle == "hugo" else "hugo"}
        body = {name: named.get(str(value), value) for name, value in (question.body or {}).items()}
        return company.wire.send(method, path, headers, None if question.body is None else body)
    path, _, form = path.partition("?") if method == "POST" else (path, "", "")
    return company.wire.open(path, headers, dict(parse_qsl(form)) if method == "POST" else None)


def _by_client(company: Company, question: Question, headers: Mapping[str, str], ids: list[str]) -> Answer:
    with company.wire.client(headers) as client:
        verb: Any = attrgetter(question.client)(client)
        try:
            said = verb(*ids, *question.arguments)
            return Answer(200, repr(list(said)) if question.name == "runs.events" else repr(said))
        except ClientError as error:
            return Answer(error.status, repr(error))


def _is_good(question: Question, door: str, answer: Answer) -> bool:
    made = {200, 201, 204} & set(question.good)
    return answer.status in question.good or (door in {"client", "command"} and bool(made) and answer.status == 200)


def _lacking(company: Company, question: Question, door: str, who: Someone, answer: Answer) -> list[Found]:
    """Return what a list should have and has not."""
    if door != "http" and question.name in _SHORT:
        return []
    seen = set(_KNOWN.findall(answer.text))
    return [
        Found("wrong refusal", door, f"{question.name}: lacks a {row.kind}", f"{who}: {_told(company, row)}")
        for kind, fits in question.lists
        for row in company.of_kind(kind)
        if row.org == who.org and fits(who, row) and row.id not in seen
    ]


_SHORT = frozenset({"runs.list", "principals.list", "usage.statement", "approvals.list", "conversations.list"})
"""Pages and commands show a part of these lists."""


def _telling(company: Company, question: Question, door: str, who: Someone, answer: Answer) -> list[Found]:
    """Return what an answer tells of rows that this person may not know of, and every secret's value."""
    wide = bool(question.wide) and question.wide in who.roles
    found = [
        Found("leak", door, f"{question.name}: tells a secret", f"{who}: {value}")
        for value in _VALUE.findall(answer.text)
    ]
    for id_ in set(_KNOWN.findall(answer.text)):
        row = company.known(id_)
        if row is None or (row.org == who.org and wide and not id_.startswith(MARK)):
            continue
        if right_to(_SEEN_BY[row.kind], who, row) != "yes":
            case = f"{who}: {question.name} tells {id_} {_told(company, row)}"
            found.append(Found("leak", door, f"{question.name}: tells a {row.kind}", case))
    return found

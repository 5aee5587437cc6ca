"""Random calls: asked about at the door of decisions, and made by an assistant in a run."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import override

from support.access.cases import Found
from support.access.company import ASSISTANT, EVERYTHING, Company
from support.access.oracle import (
    MICRO,
    MONEY,
    READS,
    WRITES,
    Facts,
    Grant,
    Someone,
    approvers,
    may_call,
    may_decide,
    sees_customers,
)
from support.scripted import call

__all__ = ["ask_decision", "make_run"]

_TOOLS = (*sorted(READS), "refund_order", "change_address", "draft_reply", "restore_address", "discard_draft")
_PUT_BACK = {"change_address": "restore_address", "draft_reply": "discard_draft"}
_RANK = {"deny": 0, "ask": 1, "allow": 2}
_NONE: Mapping[str, Any] = {}
_ELSEWHERE = "Another Street, Elsewhere"


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands in the shop's own database, past the platform."""

    id: str
    status: str
    paid: int
    refunded: int
    address: str

    @property
    def rest(self) -> int:
        """What can be refunded."""
        return self.paid - self.refunded

    @property
    def shipped(self) -> bool:
        """Whether it has left the house."""
        return self.status in {"shipped", "delivered", "returned"}


@dataclass(frozen=True, slots=True)
class Case:
    """A call that a person's assistant would make. `order` is None where the call names none that there is."""

    who: Someone
    grant: Grant
    tool: str
    arguments: Mapping[str, object]
    order: Order | None
    origins: Mapping[str, str]

    @override
    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        of = (
            f"{self.order.status}, paid {self.order.paid}, refunded {self.order.refunded}" if self.order else "no order"
        )
        origins = ", ".join(f"{name} from {source}" for name, source in self.origins.items())
        return (
            f"{self.who}: {self.tool}({arguments}) [{of}; {origins}; {self.grant.level}; {len(self.grant.tools)} tools]"
        )

    @property
    def facts(self) -> Facts | None:
        """What the rules are told of the call; None where it can't be had."""
        if self.tool == "refund_order":
            micro = round(float(str(self.arguments["amount"])) * 100) * MICRO // 100
            return Facts(self.order.refunded + micro) if self.order and micro <= self.order.rest else None
        return Facts(shipped=self.order.shipped) if self.order and self.tool == "change_address" else None

    @property
    def expected(self) -> str:
        """What the oracle says."""
        return may_call(self.who, self.grant, self.tool, self.facts, self.origins)


def ask_decision(company: Company, dice: random.Random) -> list[Found]:
    """Ask what would be decided about a random call: one's own, or another's where one may know."""
    case = _draw(company, dice, dice.choice(company.active()))
    asker, named = _asker(company, dice, case.who)
    body = {
        "assistant": ASSISTANT,
        "tool": case.tool,
        "arguments": dict(case.arguments),
        "provenance": dict(case.origins),
        "principal": named,
    }
    answer = company.wire.send("POST", "/api/decisions", company.headers(asker), body)
    told = f"{asker} asks about {case}"
    if asker.id != case.who.id:
        manages = "manager" in asker.roles
        expected = 403 if not manages else 404 if asker.org != case.who.org else 200
        if answer.status != expected:
            kind = "leak" if answer.status == 200 else "wrong refusal"
            return [Found(kind, "decisions", f"of another: {answer.status} for {expected}", told)]
        if expected != 200:
            return []
    if answer.status != 200:
        return [Found("wrong refusal", "decisions", f"status {answer.status}", f"{told}: {answer.text}")]
    return _judge(company, case, asker, answer.json, told)


def _judge(company: Company, case: Case, asker: Someone, said: Any, told: str) -> list[Found]:
    expected, got = case.expected, said["verb"]
    if got != expected:
        kind = "leak" if _RANK[got] > _RANK[expected] else "wrong refusal"
        return [Found(kind, "decisions", f"{case.tool}: {got} for {expected}", f"{told}: {said['reason']}")]
    found: list[Found] = []
    if said["problem"] and "deny" in {expected, replace(case, who=asker).expected}:
        found.append(Found("leak", "decisions", f"{case.tool}: tells what is wrong", f"{told}: {said['problem']}"))
    if expected == "ask":
        needed = approvers(case.who, case.tool, case.facts)
        if said["approvers"] != needed:
            kind = "leak" if said["approvers"] < needed else "wrong refusal"
            found.append(Found(kind, "decisions", f"{case.tool}: {said['approvers']} approvers for {needed}", told))
        people = company.people_of(case.who.org)
        deciding = [one for one in people if may_decide(one, case.tool, case.who.id, case.who.org, company.handed)]
        names = sorted(one.name for one in deciding)
        if sorted(said["deciders"]) != names:
            kind = "leak" if set(said["deciders"]) - set(names) else "wrong refusal"
            found.append(Found(kind, "decisions", f"{case.tool}: other deciders", f"{told}: {said['deciders']}"))
    return found


def make_run(company: Company, dice: random.Random) -> list[Found]:
    """Have an assistant make a random call in a run, and people decide where it waits; look what became of the shop."""
    case = _draw(company, dice, dice.choice(company.active()))
    while case.tool not in EVERYTHING.tools:
        case = _draw(company, dice, case.who)
    case, before, message = _staged(company, dice, case)
    company.let_say(*before, call(case.tool, **case.arguments), "That is all.")
    headers = company.headers(case.who)
    seen = _effects(company, case)
    run_id = company.wire.send("POST", "/api/runs", headers, {"message": message}).json["id"]
    company.move_on()
    run = company.wire.send("GET", f"/api/runs/{run_id}", headers).json
    # A first call that is refused ends the run.
    expected = "deny" if before and may_call(case.who, case.grant, "get_order", None, {}) == "deny" else case.expected
    step = next((one for one in reversed(run["journal"]) if one["kind"] == "tool" and one["name"] == case.tool), _NONE)
    got = _became(company, case, run, step, seen)
    if got != expected and not (got == "deny" and _must_fail(case, expected)):
        kind = "leak" if _RANK[got] > _RANK[expected] else "wrong refusal"
        return [
            Found(kind, "runs", f"{case.tool}: {got} for {expected}", f"{case}: {run['status']} {step.get('error')}")
        ]
    found = _customers(company, case, run)
    if got == "ask":
        found += _decide(company, dice, case, run_id, step["approval_id"])
    if got == "allow" and case.tool in _PUT_BACK and dice.random() < 0.5:
        found += _undo(company, dice, case, run_id)
    return found


def _undo(company: Company, dice: random.Random, case: Case, run_id: str) -> list[Found]:
    """Have somebody else try to undo a run, then its own person; look what became of the shop."""
    path, other = f"/api/runs/{run_id}/undo", dice.choice([one for one in company.active() if one.id != case.who.id])
    seen, told = _effects(company, case), f"of {case}"
    answer = company.wire.send("POST", path, company.headers(other))
    if answer.status != 404:
        return [Found("leak", "runs", f"undo of another: {answer.status}", f"{other} {told}")]
    undo = company.wire.send("POST", path, company.headers(case.who))
    if undo.status != 201:
        return [Found("wrong refusal", "runs", f"undo: {undo.status}", told)]
    company.move_on()
    expected = may_call(case.who, case.grant, _PUT_BACK[case.tool], case.facts, {}, undo=True)
    got = "allow" if _effects(company, case) != seen else "deny"
    if (got == "allow") != (expected == "allow"):
        return [Found("leak" if got == "allow" else "wrong refusal", "runs", f"undo: {got} for {expected}", told)]
    company.wire.send("POST", f"/api/runs/{undo.json['id']}/cancel", company.headers(case.who))
    company.move_on()
    return []


def _decide(company: Company, dice: random.Random, case: Case, run_id: str, approval_id: str) -> list[Found]:
    """Have random people approve, until the call is made or nobody is left."""
    found: list[Found] = []
    seen, left, needed = _effects(company, case), company.active(), approvers(case.who, case.tool, case.facts)
    dice.shuffle(left)
    path = f"/api/approvals/{approval_id}/decision"
    used: set[str] = set()
    for one in left[: 12 + 30 * (needed - 1)]:
        may = may_decide(one, case.tool, case.who.id, case.who.org, company.handed)
        answer = company.wire.send("POST", path, company.headers(one), {"decision": "approve"})
        expected = 403 if one.id == case.who.id else 200 if may else 404
        told = f"{one} approves {case}"
        if answer.status != expected and not (may and used and answer.status == 409):
            kind = "leak" if answer.status == 200 else "wrong refusal"
            found.append(Found(kind, "approvals", f"{case.tool}: {answer.status} for {expected}", told))
        used |= {one.id} if answer.status == 200 else set()
        if len(used) >= needed:
            break
    company.move_on()
    is_done = _effects(company, case) != seen
    if is_done and len(used) < needed:
        found.append(Found("leak", "approvals", f"{case.tool}: done with {len(used)} of {needed}", str(case)))
    if not is_done and len(used) >= needed and case.tool not in READS:
        found.append(Found("wrong refusal", "approvals", f"{case.tool}: approved and not done", str(case)))
    if len(used) < needed:
        company.wire.send("POST", f"/api/runs/{run_id}/cancel", company.headers(case.who))
        company.move_on()
    return found


def _draw(company: Company, dice: random.Random, who: Someone) -> Case:
    grant = Grant(
        EVERYTHING.tools if dice.random() < 0.5 else tuple(name for name in EVERYTHING.tools if dice.random() < 0.7),
        dice.choice(("rules", "rules", "risky", "always")),
    )
    company.assist(grant)
    tool, order = dice.choice(_TOOLS), _order(company, dice)
    arguments = _arguments(company, dice, tool, order)
    origins = {name: dice.choice(("person", "record", "tool", "model")) for name in arguments}
    return Case(who, grant, tool, arguments, order, origins)


def _order(company: Company, dice: random.Random) -> Order | None:
    if dice.random() < 0.05:
        return None
    orders = company.shop("SELECT id, status, address FROM sales_order ORDER BY id")
    large = company.shop("SELECT order_id FROM payment GROUP BY order_id HAVING SUM(amount) > ?", 5000 * MICRO)
    wanted = dice.choice(large)[0] if large and dice.random() < 0.3 else dice.choice(orders)[0]
    id_, status, address = next(row for row in orders if row[0] == wanted)
    paid = company.shop("SELECT COALESCE(SUM(amount), 0) FROM payment WHERE order_id = ?", id_)[0][0]
    refunded = company.shop("SELECT COALESCE(SUM(amount), 0) FROM refund WHERE order_id = ?", id_)[0][0]
    return Order(id_, status, paid, refunded, address)


def _arguments(company: Company, dice: random.Random, tool: str, order: Order | None) -> dict[str, object]:
    order_id = order.id if order else "SO-99998"
    given: dict[str, dict[str, object]] = {
        "find_customer": {"query": dice.choice(company.shop("SELECT id FROM customer"))[0]},
        "list_orders": {"status": dice.choice(("unpaid", "paid", "shipped"))},
        "check_stock": {"query": dice.choice(company.shop("SELECT sku FROM variant"))[0]},
        "refund_order": {"order_id": order_id, "amount": _amount(dice, order), "reason": "a crack"},
        "change_address": {"order_id": order_id, "address": _ELSEWHERE},
        "restore_address": {"order_id": order_id, "address": _ELSEWHERE},
        "draft_reply": {"order_id": order_id, "text": "We are sorry."},
        "discard_draft": {"order_id": order_id, "draft_id": "DR-9001"},
    }
    return given.get(tool, {"order_id": order_id})


def _amount(dice: random.Random, order: Order | None) -> float:
    """Return an amount on or beside a limit, small ones mostly, so that the shop is not emptied."""
    before, rest = (order.refunded, order.rest) if order else (0, 0)
    limits = [limit - before + step for limit in (50 * MICRO, 5000 * MICRO) for step in (0, MICRO // 100)]
    some = [1_000_000, 500_000, *limits, rest, rest + MICRO // 100]
    return max(dice.choice(some), MICRO // 100) / MICRO


def _staged(company: Company, dice: random.Random, case: Case) -> tuple[Case, list[str], str]:
    """Return the case with the origins that the journal will show, the calls before it, and the person's words."""
    plain = " ".join(str(value) for name, value in case.arguments.items() if name not in {"address", "text", "reason"})
    message, before = f"Please see to {plain}, on another street.", list[str]()
    origins = dict.fromkeys(case.arguments, "person")
    if case.tool == "change_address":
        origins["address"] = source = dice.choice(("person", "model", "tool"))
        if source == "person":
            message += f" {_ELSEWHERE}"
        elif source == "tool":
            # Another order's address, which a customer chose: it stands in the result and is nobody's record.
            id_, address = dice.choice(company.shop("SELECT id, address FROM sales_order"))
            case = replace(case, arguments={**case.arguments, "address": address})
            message += f" As on {id_}."
            before = [call("get_order", order_id=id_)]
    return replace(case, origins=origins), before, message


def _effects(company: Company, case: Case) -> tuple[Any, ...]:
    order = case.order.id if case.order else ""
    return (
        company.shop("SELECT COUNT(*), SUM(amount) FROM refund WHERE order_id = ?", order),
        company.shop("SELECT address FROM sales_order WHERE id = ?", order),
        company.shop("SELECT COUNT(*) FROM reply WHERE order_id = ?", order),
        company.shop("SELECT COUNT(*) FROM effect"),
    )


def _became(company: Company, case: Case, run: Any, step: Any, seen: tuple[Any, ...]) -> str:
    """Return what became of the call, by the shop and not by what the run says where it changes something."""
    if run["status"] == "waiting":
        return "ask"
    if case.tool in MONEY | WRITES:
        return "allow" if _effects(company, case) != seen else "deny"
    return "allow" if step.get("status") == "done" else "deny"


def _must_fail(case: Case, expected: str) -> bool:
    """Say whether a call that the rules let pass can't be done."""
    if expected == "deny":
        return True
    if case.order is None:
        return "order_id" in case.arguments
    if case.tool == "refund_order":
        return case.facts is None
    return case.tool == "change_address" and (case.order.shipped or case.order.status == "cancelled")


def _customers(company: Company, case: Case, run: Any) -> list[Found]:
    """Return where a run told of a customer to somebody who may not see any."""
    if sees_customers(case.who):
        return []
    told = " ".join(str(step["result"]) for step in run["journal"] if step["kind"] == "tool")
    for id_, name, phone in company.shop("SELECT id, name, phone FROM customer"):
        if any(f"'{value}'" in told for value in (id_, name, phone)):
            return [Found("leak", "runs", f"{case.tool}: tells of a customer", f"{case}: {name}")]
    return []


def _asker(company: Company, dice: random.Random, who: Someone) -> tuple[Someone, str | None]:
    """Return who asks, and how they name the person."""
    if dice.random() < 0.4:
        return who, dice.choice((None, who.handle, who.id))
    asker = dice.choice(company.active())
    # A handle of another organisation may be that of somebody here.
    return asker, who.handle if asker.org == who.org and dice.random() < 0.5 else who.id

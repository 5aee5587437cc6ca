"""Who may do what, written down a second time from the documentation. Nothing of the platform's policy is read here.

The tables are docs/packs.md (the demo shop), and policy, people, keys, secrets, budgets, usage, audit, approvals,
conversations and runs beside it, as code.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from typing_extensions import override

__all__ = [
    "MICRO",
    "Facts",
    "Grant",
    "Handed",
    "Right",
    "Row",
    "Someone",
    "approvers",
    "may_call",
    "may_decide",
    "right_to",
]

MICRO = 1_000_000
CLERK_LIMIT = 50 * MICRO
MANAGER_LIMIT = 5000 * MICRO

Verb = Literal["allow", "ask", "deny"]
Right = Literal["yes", "no", "hidden"]
"""`no` is told with the rule; what is `hidden` is answered as what there is not."""

READS = frozenset({"find_customer", "get_order", "list_orders", "get_shipment", "check_stock"})
WRITES = frozenset({"change_address", "draft_reply", "restore_address", "discard_draft"})
MONEY = frozenset({"refund_order"})
CUSTOMER_DATA = frozenset({"find_customer", "get_order", "list_orders"}) | WRITES
TOOLS_OF: Mapping[str, frozenset[str]] = {
    "clerk": READS | WRITES | MONEY,
    "manager": READS | WRITES | MONEY,
    "warehouse": frozenset({"get_shipment", "check_stock"}),
    "finance": frozenset({"get_order", "list_orders"}),
}


@dataclass(frozen=True, slots=True)
class Someone:
    """A person or a service account, with the roles that they have by themselves and by their teams."""

    id: str
    handle: str
    name: str
    org: str
    roles: frozenset[str]
    active: bool = True

    @override
    def __str__(self) -> str:
        return f"{self.org}/{self.handle} ({', '.join(sorted(self.roles)) or 'no role'})"


@dataclass(frozen=True, slots=True)
class Grant:
    """An assistant: the tools that it was granted, and when it asks."""

    tools: tuple[str, ...]
    level: Literal["always", "risky", "rules"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so of an order: what a refund would come to in all, and whether the order has left the house."""

    refunded_total: int = 0
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """A right to decide that somebody handed on, for one tool or for all."""

    owner: Someone
    to: str
    tool: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """Something that belongs to somebody. `asked` are the tools whose calls a run had to ask for."""

    kind: str
    id: str
    org: str
    owner: str = ""
    asked: tuple[str, ...] = ()
    handed: tuple[Handed, ...] = field(default=(), repr=False)


def may_call(
    who: Someone, grant: Grant, tool: str, facts: Facts | None, origins: Mapping[str, str], *, undo: bool = False
) -> Verb:
    """Say what is decided about a call; `facts` are None where they can't be had."""
    permitted = any(tool in TOOLS_OF.get(role, ()) for role in who.roles)
    forbidden = "warehouse" in who.roles and tool in CUSTOMER_DATA | MONEY
    if not permitted or forbidden or not (undo or tool in grant.tools):
        return "deny"
    if tool == "change_address" and facts is not None and facts.shipped:
        return "deny"
    asks = (
        (grant.level == "always" and tool not in READS)
        or (grant.level == "risky" and tool in MONEY)
        or (tool == "refund_order" and facts is not None and facts.refunded_total > _limit(who))
        or (tool == "change_address" and origins.get("address", "person") not in {"person", "record", "approver"})
    )
    return "ask" if asks else "allow"


def approvers(who: Someone, tool: str, facts: Facts | None) -> int:
    """Return how many different people must approve a call that is asked about."""
    two = tool == "refund_order" and "clerk" in who.roles and facts is not None and facts.refunded_total > MANAGER_LIMIT
    return 2 if two else 1


def sees_customers(who: Someone) -> bool:
    """Say whether somebody may see who a customer is."""
    return not who.roles.isdisjoint({"clerk", "manager"}) and "warehouse" not in who.roles


def may_decide(who: Someone, tool: str, requester: str, org: str, handed: Iterable[Handed] = ()) -> bool:
    """Say whether somebody decides about a call, by their own role or by a right that was handed to them."""
    if who.org != org or who.id == requester or not who.active:
        return False
    owners = [one.owner for one in handed if one.to == who.id and one.tool in {None, tool} and one.owner.active]
    return any(_decides(owner, tool) and owner.id != requester for owner in [who, *owners])


def right_to(action: str, who: Someone, row: Row | None) -> Right:
    """Say whether somebody may do `action` with `row`; what is another organisation's does not exist."""
    nobodys = Row("", "", who.org, owner="nobody")
    if row is not None and row.org != who.org:
        # Whoever may do it with nobody's rows hears that first.
        return "no" if action in _BY_ROLE and _RIGHTS[action](who, nobodys) == "no" else "hidden"
    return _RIGHTS[action](who, row or nobodys)


def _limit(who: Someone) -> int:
    limits = {"clerk": CLERK_LIMIT, "manager": MANAGER_LIMIT}
    return min((limits[role] for role in who.roles if role in limits), default=0)


def _decides(who: Someone, tool: str) -> bool:
    return "manager" in who.roles or ("finance" in who.roles and tool == "refund_order")


def _approver(who: Someone, row: Row) -> bool:
    return any(may_decide(who, tool, row.owner, row.org, row.handed) for tool in row.asked)


def _anybody(_who: Someone, _row: Row) -> Right:
    return "yes"


def _nobody(_who: Someone, _row: Row) -> Right:
    return "no"


def _own(who: Someone, row: Row) -> Right:
    return "yes" if row.owner == who.id else "no"


def _own_hidden(who: Someone, row: Row) -> Right:
    return "yes" if row.owner == who.id else "hidden"


def _manager(who: Someone, _row: Row) -> Right:
    return "yes" if "manager" in who.roles else "no"


def _administrator(who: Someone, _row: Row) -> Right:
    return "yes" if "administrator" in who.roles else "no"


def _see_approval(who: Someone, row: Row) -> Right:
    return "yes" if row.owner == who.id or _approver(who, row) else "hidden"


def _decide(who: Someone, row: Row) -> Right:
    return "yes" if _approver(who, row) else "no" if row.owner == who.id else "hidden"


def _see_budget(who: Someone, row: Row) -> Right:
    return "yes" if "manager" in who.roles or row.owner in {who.id, ""} else "hidden"


def _set_budget(who: Someone, row: Row) -> Right:
    return "yes" if "manager" in who.roles else "no" if _see_budget(who, row) == "yes" else "hidden"


def _secret(who: Someone, row: Row) -> Right:
    if row.owner:
        return "yes" if row.owner == who.id else "hidden"
    return _manager(who, row)


def _see_secret(who: Someone, row: Row) -> Right:
    return "yes" if _secret(who, row) == "yes" else "hidden"


def _rights_of(who: Someone, row: Row) -> Right:
    return "yes" if row.owner == who.id else _manager(who, row)


def _delegate(who: Someone, _row: Row) -> Right:
    return "yes" if _decides(who, "refund_order") else "no"


def _see_delegation(who: Someone, row: Row) -> Right:
    return "yes" if any(who.id in {one.to, one.owner.id} for one in row.handed) else "hidden"


_BY_ROLE = frozenset({"manager", "administrator", "policy::explain", "never"})
_RIGHTS: Mapping[str, Callable[[Someone, Row], Right]] = {
    "anybody": _anybody,
    "never": _nobody,
    "manager": _manager,
    "administrator": _administrator,
    "runs::read": _own_hidden,
    "runs::move": _own_hidden,
    "conversations::read": _own_hidden,
    "approvals::read": _see_approval,
    "approvals::decide": _decide,
    "approvals::delegate": _delegate,
    "delegations::read": _see_delegation,
    "delegations::revoke": _own_hidden,
    "keys::read": _own,
    "secrets::manage": _secret,
    "secrets::read": _see_secret,
    "budgets::read": _see_budget,
    "budgets::change": _set_budget,
    "policy::explain": _rights_of,
}

import json
from typing import Any, Literal

import cedarpy
import pytest

from jindou.packs.contract import OpenPack
from jindou.packs.ecommerce import pack

Verb = Literal["allow", "ask", "deny"]

_TEXT = (pack.folder / "policy.cedar").read_text(encoding="utf-8")
_POLICIES = cedarpy.PolicySet.from_str(_TEXT)
_NOTES = {
    name: policy["annotations"]
    for name, policy in json.loads(cedarpy.policies_to_json_str(_TEXT))["staticPolicies"].items()
}
_YUAN = 1_000_000


def _decide(opened: OpenPack, role: str, action: str, facts: object = None, tool: str = "") -> tuple[Verb, set[str]]:
    """Decide as the platform does: without an approval, then as if there were one."""
    groups = {f"ecommerce::{tool.name}": tool.risk for tool in opened.tools}
    entities: list[dict[str, Any]] = [
        {"uid": {"type": "Person", "id": "p"}, "attrs": {}, "parents": [{"type": "Role", "id": role}]},
        *(
            {"uid": {"type": "Action", "id": name}, "attrs": {}, "parents": [{"type": "Action", "id": group}]}
            for name, group in groups.items()
        ),
        *({"uid": {"type": "Action", "id": group}, "attrs": {}, "parents": []} for group in ("read", "write", "money")),
    ]
    known = cedarpy.Entities.from_json_str(json.dumps(entities))  # pyright: ignore[reportUnknownMemberType]
    results = [
        cedarpy.is_authorized(  # pyright: ignore[reportUnknownMemberType]
            {
                "principal": {"type": "Person", "id": "p"},
                "action": {"type": "Action", "id": action},
                "resource": {"type": "Assistant", "id": "after-sales"},
                "context": {"approved": approved, "tool": tool, "origins": {}}
                | ({} if facts is None else {"facts": facts}),
            },
            _POLICIES,
            known,
        )
        for approved in (False, True)
    ]
    assert not any(result.diagnostics.errors for result in results)
    rules = {_NOTES[name]["id"] for name in results[0].diagnostics.reasons}
    if results[0].allowed:
        return "allow", rules
    return ("ask" if results[1].allowed else "deny"), rules


_EVERYTHING = (
    "find_customer",
    "get_order",
    "list_orders",
    "get_shipment",
    "check_stock",
    "refund_order",
    "change_address",
    "draft_reply",
    "restore_address",
    "discard_draft",
    "see_customer",
)


@pytest.mark.parametrize("action", _EVERYTHING)
@pytest.mark.parametrize("role", ["clerk", "manager"])
def test_clerk_and_manager_may_use_every_tool_within_the_limits(opened: OpenPack, role: str, action: str) -> None:
    facts = {"refund_order": {"refunded_total": 50 * _YUAN}, "change_address": {"shipped": False}}.get(action)
    assert _decide(opened, role, f"ecommerce::{action}", facts) == ("allow", {f"ecommerce.{role}-may"})


@pytest.mark.parametrize(
    ("role", "total", "verb"),
    [
        ("clerk", 50 * _YUAN, "allow"),
        ("clerk", 50 * _YUAN + 10_000, "ask"),
        ("clerk", 9000 * _YUAN, "ask"),
        ("manager", 50 * _YUAN + 10_000, "allow"),
        ("manager", 5000 * _YUAN, "allow"),
        ("manager", 5000 * _YUAN + 10_000, "ask"),
        ("warehouse", _YUAN, "deny"),
        ("stranger", _YUAN, "deny"),
    ],
)
def test_a_refund_is_limited_by_role_and_by_the_total_of_the_order(
    opened: OpenPack, role: str, total: int, verb: Verb
) -> None:
    decided, rules = _decide(opened, role, "ecommerce::refund_order", {"refunded_total": total})
    assert decided == verb
    if verb == "ask":
        two = {"ecommerce.large-refund-two-people"} if (role, total) == ("clerk", 9000 * _YUAN) else set[str]()
        assert rules == {f"ecommerce.{role}-refund-limit"} | two


@pytest.mark.parametrize("action", _EVERYTHING)
def test_the_warehouse_sees_stock_and_parcels_and_a_refusal_names_its_rule(opened: OpenPack, action: str) -> None:
    expected: tuple[Verb, set[str]] = {
        "get_shipment": ("allow", {"ecommerce.warehouse-may"}),
        "check_stock": ("allow", {"ecommerce.warehouse-may"}),
        "refund_order": ("deny", {"ecommerce.warehouse-no-money"}),
    }.get(action, ("deny", {"ecommerce.warehouse-no-customer-data"}))  # pyright: ignore[reportAssignmentType]
    assert _decide(opened, "warehouse", f"ecommerce::{action}") == expected


@pytest.mark.parametrize("role", ["clerk", "manager"])
def test_nobody_changes_the_address_of_a_sent_order(opened: OpenPack, role: str) -> None:
    decided = _decide(opened, role, "ecommerce::change_address", {"shipped": True})
    assert decided == ("deny", {"ecommerce.no-address-change-after-shipping"})


@pytest.mark.parametrize(
    ("role", "tool", "verb"),
    [
        ("manager", "refund_order", "allow"),
        ("manager", "change_address", "allow"),
        ("finance", "refund_order", "allow"),
        ("finance", "change_address", "deny"),
        ("clerk", "refund_order", "deny"),
        ("warehouse", "refund_order", "deny"),
    ],
)
def test_a_manager_decides_and_finance_about_refunds(opened: OpenPack, role: str, tool: str, verb: Verb) -> None:
    assert _decide(opened, role, "approvals::decide", tool=tool)[0] == verb


@pytest.mark.parametrize("action", _EVERYTHING)
def test_somebody_without_a_role_may_nothing(opened: OpenPack, action: str) -> None:
    assert _decide(opened, "stranger", f"ecommerce::{action}") == ("deny", set())


def test_every_rule_has_an_id_of_its_own_and_a_reason_in_both_languages() -> None:
    assert all(
        note["id"].startswith("ecommerce.") and note["reason_en"] and note["reason_zh"] for note in _NOTES.values()
    )
    assert len({note["id"] for note in _NOTES.values()}) == len(_NOTES)


def test_every_fact_that_a_rule_asks_for_is_one_that_a_tool_gives(opened: OpenPack) -> None:
    given = {name for tool in opened.tools for name in tool.facts_type}
    asked = {part.split()[0].rstrip(";}") for part in _TEXT.split("context.facts.")[1:]}
    assert asked <= given

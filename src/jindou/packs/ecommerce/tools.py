"""The eight tools of the shop."""

from collections.abc import Mapping, Sequence

from jindou.agents.tools import Tool, tool
from jindou.packs.ecommerce.reads import Reads
from jindou.packs.ecommerce.shop import Shop
from jindou.packs.ecommerce.writes import Writes

__all__ = ["tools_on"]

_REFUND_FACTS: Mapping[str, type] = {
    "amount": int,
    "refunded_before": int,
    "refunded_total": int,
    "payable_rest": int,
}


def tools_on(shop: Shop) -> Sequence[Tool]:
    """Return the tools, at work on `shop`."""
    reads, writes = Reads(shop), Writes(shop)
    return (
        tool(reads.find_customer, risk="read", title={"en": "Find a customer", "zh": "查找客户"}),
        tool(reads.get_order, risk="read", title={"en": "Look at an order", "zh": "查看订单"}),
        tool(reads.list_orders, risk="read", title={"en": "List orders", "zh": "列出订单"}),
        tool(reads.get_shipment, risk="read", title={"en": "Track a parcel", "zh": "查询物流"}),
        tool(reads.check_stock, risk="read", title={"en": "Check stock", "zh": "查询库存"}),
        tool(
            writes.refund_order,
            risk="money",
            title={"en": "Refund", "zh": "退款"},
            facts=writes.refund_facts,
            facts_type=_REFUND_FACTS,
            preview=writes.refund_preview,
            known=writes.known,
        ),
        tool(
            writes.change_address,
            risk="write",
            title={"en": "Change the address", "zh": "修改地址"},
            facts=writes.address_facts,
            facts_type={"shipped": bool},
            preview=writes.address_preview,
            known=writes.known,
        ),
        tool(
            writes.draft_reply,
            risk="write",
            title={"en": "Draft a reply", "zh": "起草回复"},
            preview=writes.draft_preview,
            known=writes.known,
        ),
    )

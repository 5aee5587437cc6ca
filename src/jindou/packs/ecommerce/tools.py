"""The eight tools of the shop, and the two that put back what they did."""

from collections.abc import Mapping, Sequence

from jindou.agents.tools import Tool, tool
from jindou.packs.ecommerce.putting_back import DISCARD_DRAFT, NO_REFUND_BACK, RESTORE_ADDRESS, PutBack
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

_ORDER_RECORDS = ("order_id", "customer_id", "status", "placed", "sku", "price", "total")
"""What the shop itself wrote of an order; a customer chose neither words nor numbers of it."""


def tools_on(shop: Shop) -> Sequence[Tool]:
    """Return the tools, at work on `shop`."""
    return (*_reading(Reads(shop)), *_writing(Writes(shop)), *_putting_back(PutBack(shop)))


def _reading(reads: Reads) -> Sequence[Tool]:
    return (
        tool(
            reads.find_customer,
            risk="read",
            title={"en": "Find a customer", "zh": "查找客户"},
            records=("customer_id",),
        ),
        tool(reads.get_order, risk="read", title={"en": "Look at an order", "zh": "查看订单"}, records=_ORDER_RECORDS),
        tool(reads.list_orders, risk="read", title={"en": "List orders", "zh": "列出订单"}, records=_ORDER_RECORDS),
        tool(
            reads.get_shipment,
            risk="read",
            title={"en": "Track a parcel", "zh": "查询物流"},
            records=("order_id", "status", "shipment_id", "carrier", "tracking", "shipped", "delivered"),
        ),
        tool(
            reads.check_stock,
            risk="read",
            title={"en": "Check stock", "zh": "查询库存"},
            records=("sku", "name", "stock", "shelf"),
        ),
    )


def _writing(writes: Writes) -> Sequence[Tool]:
    return (
        tool(
            writes.refund_order,
            risk="money",
            title={"en": "Refund", "zh": "退款"},
            facts=writes.refund_facts,
            facts_type=_REFUND_FACTS,
            preview=writes.refund_preview,
            undo=NO_REFUND_BACK,
            known=writes.known,
        ),
        tool(
            writes.change_address,
            risk="write",
            title={"en": "Change the address", "zh": "修改地址"},
            facts=writes.address_facts,
            facts_type={"shipped": bool},
            preview=writes.address_preview,
            undo=RESTORE_ADDRESS,
            known=writes.known,
        ),
        tool(
            writes.draft_reply,
            risk="write",
            title={"en": "Draft a reply", "zh": "起草回复"},
            preview=writes.draft_preview,
            undo=DISCARD_DRAFT,
            known=writes.known,
        ),
    )


def _putting_back(put_back: PutBack) -> Sequence[Tool]:
    return (
        tool(
            put_back.restore_address,
            risk="write",
            title={"en": "Put the address back", "zh": "恢复地址"},
            facts=put_back.address_facts,
            facts_type={"shipped": bool},
            preview=put_back.address_preview,
        ),
        tool(
            put_back.discard_draft,
            risk="write",
            title={"en": "Discard a draft", "zh": "删除草稿"},
            preview=put_back.draft_preview,
        ),
    )

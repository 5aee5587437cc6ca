"""The tools that change something, with the facts that rules ask for and the preview that a person approves."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, insert, update

from jindou.agents.tools import Call, Change, Facts, ToolError
from jindou.packs.ecommerce import tables
from jindou.packs.ecommerce.amounts import Amount, money, to_micro
from jindou.packs.ecommerce.arguments import Address, OrderId, Reason, ReplyText
from jindou.packs.ecommerce.effects import Deed, Effects
from jindou.packs.ecommerce.queries import SHIPPED, Balance, balance_of, open_tickets_of, order_of, recipient_of
from jindou.packs.ecommerce.shop import Shop
from jindou.packs.ecommerce.types import AddressChanged, Drafted, Refunded

__all__ = ["FIRST_DRAFT", "Writes"]

FIRST_DRAFT = 9000
"""The number of the draft before the first."""


class Writes:
    """The writing tools on one shop. Each takes the call it serves, then its arguments, as do its facts and preview."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._effects = Effects(shop)

    def known(self, call: Call) -> dict[str, object] | None:
        """Return the result of a call that has had its effect, or None."""
        return self._effects.known(call)

    def refund_order(self, call: Call, order_id: OrderId, amount: Amount, reason: Reason) -> Refunded:
        """Refund money of an order to the customer."""
        micro = to_micro(amount)

        def act(connection: Connection) -> Refunded:
            before = _refundable(connection, order_id, micro)
            connection.execute(
                insert(tables.refund).values(order_id=order_id, amount=micro, reason=reason, **_by(call))
            )
            return Refunded(
                order_id=order_id,
                refunded=money(micro),
                refunded_total=money(before.refunded + micro),
            )

        arguments = {"order_id": order_id, "amount": micro, "reason": reason}
        facts = partial(_refund_facts, order_id=order_id, micro=micro)
        return self._effects.once(call, Deed("refund_order", arguments, facts, act, Refunded))

    def refund_facts(self, call: Call, order_id: OrderId, amount: Amount, **_: object) -> Facts:
        """Return the amounts that limits are about, in micro-units."""
        return self._effects.facts(call, partial(_refund_facts, order_id=order_id, micro=to_micro(amount)))

    def refund_preview(self, _call: Call, order_id: OrderId, amount: Amount, reason: Reason) -> Sequence[Change]:
        """Return what the refund will change."""
        micro = to_micro(amount)
        with self._shop.read() as connection:
            before = _refundable(connection, order_id, micro)
        return [
            Change(
                label={"en": f"Refunded on {order_id}", "zh": f"{order_id} 已退款"},
                before=money(before.refunded),
                after=money(before.refunded + micro),
            ),
            Change(
                label={"en": "Kept of the payment", "zh": "实收余额"},
                before=money(before.rest),
                after=money(before.rest - micro),
            ),
            Change(label={"en": "Reason", "zh": "原因"}, before="", after=reason),
        ]

    def change_address(self, call: Call, order_id: OrderId, address: Address) -> AddressChanged:
        """Change the delivery address of an order."""

        def act(connection: Connection) -> AddressChanged:
            old = _address_to_change(connection, order_id)
            order = tables.sales_order
            connection.execute(update(order).where(order.c.id == order_id).values(address=address))
            return AddressChanged(order_id=order_id, new_address=address, old_address=old)

        arguments = {"order_id": order_id, "address": address}
        facts = partial(_address_facts, order_id=order_id)
        return self._effects.once(call, Deed("change_address", arguments, facts, act, AddressChanged))

    def address_facts(self, call: Call, order_id: OrderId, **_: object) -> Facts:
        """Return whether the order has left the house."""
        return self._effects.facts(call, partial(_address_facts, order_id=order_id))

    def address_preview(self, _call: Call, order_id: OrderId, address: Address) -> Sequence[Change]:
        """Return the address before and after."""
        with self._shop.read() as connection:
            old = _address_to_change(connection, order_id)
        label = {"en": f"Delivery address of {order_id}", "zh": f"{order_id} 收货地址"}
        return [Change(label=label, before=old, after=address)]

    def draft_reply(self, call: Call, order_id: OrderId, text: ReplyText) -> Drafted:
        """Write a draft of a message to the customer of an order."""

        def act(connection: Connection) -> Drafted:
            order_of(connection, order_id)
            tickets = open_tickets_of(connection, order_id)
            ticket_id = tickets[0].id if tickets else None
            row = insert(tables.reply).values(order_id=order_id, ticket_id=ticket_id, text=text, **_by(call))
            number = FIRST_DRAFT + connection.execute(row.returning(tables.reply.c.id)).scalar_one()
            return Drafted(draft_id=f"DR-{number}", order_id=order_id, ticket_id=ticket_id or "none", text=text)

        arguments = {"order_id": order_id, "text": text}
        return self._effects.once(call, Deed("draft_reply", arguments, lambda _: {}, act, Drafted))

    def draft_preview(self, _call: Call, order_id: OrderId, text: ReplyText) -> Sequence[Change]:
        """Return the draft as it will be kept."""
        with self._shop.read() as connection:
            order_of(connection, order_id)
        label = {"en": f"Draft to the customer of {order_id}", "zh": f"给 {order_id} 客户的回复草稿"}
        return [Change(label=label, before="", after=text)]


def _refund_facts(connection: Connection, order_id: str, micro: int) -> Facts:
    before = _refundable(connection, order_id, micro)
    return {
        "amount": micro,
        "refunded_before": before.refunded,
        "refunded_total": before.refunded + micro,
        "payable_rest": before.rest,
    }


def _refundable(connection: Connection, order_id: str, micro: int) -> Balance:
    order_of(connection, order_id)
    balance = balance_of(connection, order_id)
    if micro > balance.rest:
        raise ToolError(
            f"{order_id} has {money(balance.rest)} left to refund (paid {money(balance.paid)}, "
            f"refunded {money(balance.refunded)}); {money(micro)} is too much."
        )
    return balance


def _address_facts(connection: Connection, order_id: str) -> Facts:
    return {"shipped": order_of(connection, order_id).status in SHIPPED}


def _address_to_change(connection: Connection, order_id: str) -> str:
    status = order_of(connection, order_id).status
    if status in SHIPPED or status == "cancelled":
        raise ToolError(f"{order_id} is {status}: its address can't be changed any more.")
    return recipient_of(connection, order_id).address


def _by(call: Call) -> dict[str, str]:
    return {"by_name": call.person_name, "at": call.now.isoformat(timespec="seconds")}

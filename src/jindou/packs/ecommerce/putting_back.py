"""The tools that put back what others did. No assistant has them: the platform calls them when a run is undone."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, Row, delete, select, update

from jindou.agents.tools import Call, Change, Facts, ToolError, Undo
from jindou.packs.ecommerce import tables
from jindou.packs.ecommerce.arguments import Address, OrderId
from jindou.packs.ecommerce.effects import Deed, Effects
from jindou.packs.ecommerce.queries import SHIPPED, order_of, recipient_of
from jindou.packs.ecommerce.shop import Shop
from jindou.packs.ecommerce.types import AddressChanged, Discarded
from jindou.packs.ecommerce.writes import FIRST_DRAFT

__all__ = ["DISCARD_DRAFT", "NO_REFUND_BACK", "RESTORE_ADDRESS", "PutBack"]

DraftId = Annotated[str, Field(pattern=r"^DR-\d+$", description="Draft number")]

NO_REFUND_BACK = {
    "en": "The money is with the customer: a refund can't be called back. Ask the customer to pay again.",
    "zh": "款项已退给客户，无法追回；如有需要请联系客户重新付款。",
}
"""Why a refund is not undone."""


class PutBack:
    """The tools on one shop. Each looks whether things are still as the call left them, and else does nothing."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._effects = Effects(shop)

    def restore_address(self, call: Call, order_id: OrderId, address: Address, instead_of: Address) -> AddressChanged:
        """Put an order's earlier delivery address back."""

        def act(connection: Connection) -> AddressChanged:
            _still_there(connection, order_id, instead_of)
            order = tables.sales_order
            connection.execute(update(order).where(order.c.id == order_id).values(address=address))
            return AddressChanged(order_id=order_id, new_address=address, old_address=instead_of)

        arguments = {"order_id": order_id, "address": address, "instead_of": instead_of}
        facts = partial(_address_facts, order_id=order_id)
        return self._effects.once(call, Deed("restore_address", arguments, facts, act, AddressChanged))

    def address_facts(self, call: Call, order_id: OrderId, **_: object) -> Facts:
        """Return whether the order has left the house."""
        return self._effects.facts(call, partial(_address_facts, order_id=order_id))

    def address_preview(
        self, _call: Call, order_id: OrderId, address: Address, instead_of: Address
    ) -> Sequence[Change]:
        """Return the address before and after."""
        with self._shop.read() as connection:
            _still_there(connection, order_id, instead_of)
        label = {"en": f"Delivery address of {order_id}", "zh": f"{order_id} 收货地址"}
        return [Change(label=label, before=instead_of, after=address)]

    def discard_draft(self, call: Call, draft_id: DraftId) -> Discarded:
        """Discard a draft of a message to a customer."""

        def act(connection: Connection) -> Discarded:
            draft = _draft(connection, draft_id)
            connection.execute(delete(tables.reply).where(tables.reply.c.id == draft.id))
            return Discarded(draft_id=draft_id, order_id=draft.order_id)

        arguments = {"draft_id": draft_id}
        return self._effects.once(call, Deed("discard_draft", arguments, lambda _: {}, act, Discarded))

    def draft_preview(self, _call: Call, draft_id: DraftId) -> Sequence[Change]:
        """Return the draft that will be gone."""
        with self._shop.read() as connection:
            draft = _draft(connection, draft_id)
        label = {"en": f"Draft to the customer of {draft.order_id}", "zh": f"给 {draft.order_id} 客户的回复草稿"}
        return [Change(label=label, before=draft.text, after="")]


def _former_address(arguments: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, object]:
    if not result.get("old_address"):
        raise ToolError("The earlier address was not recorded.")
    return {
        "order_id": result["order_id"],
        "address": result["old_address"],
        "instead_of": result.get("new_address", arguments["address"]),
    }


def _same_draft(_arguments: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, object]:
    return {"draft_id": result["draft_id"]}


RESTORE_ADDRESS = Undo("restore_address", _former_address)
"""Puts the earlier address back, while the order is here and nobody has changed it since."""

DISCARD_DRAFT = Undo("discard_draft", _same_draft)
"""Discards the draft."""


def _address_facts(connection: Connection, order_id: str) -> Facts:
    return {"shipped": order_of(connection, order_id).status in SHIPPED}


def _still_there(connection: Connection, order_id: str, address: str) -> None:
    if order_of(connection, order_id).status in SHIPPED:
        raise ToolError(f"{order_id} has been sent: its address can't be put back any more.")
    if recipient_of(connection, order_id).address != address:
        raise ToolError(f"The address of {order_id} was changed again since, so the earlier one was not put back.")


def _draft(connection: Connection, draft_id: str) -> Row[Any]:
    number = int(draft_id.removeprefix("DR-")) - FIRST_DRAFT
    found = connection.execute(select(tables.reply).where(tables.reply.c.id == number)).one_or_none()
    if found is None:
        raise ToolError(f"There is no draft {draft_id} any more.")
    return found

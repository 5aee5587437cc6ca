"""What the tools ask the shop's database."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from jindou.agents.tools import ToolError
from jindou.packs.ecommerce.tables import customer, order_item, payment, refund, sales_order, ticket, variant

__all__ = [
    "SHIPPED",
    "Balance",
    "balance_of",
    "customer_known",
    "day",
    "items_of",
    "open_tickets_of",
    "order_of",
    "recipient_of",
]

SHIPPED = frozenset({"shipped", "delivered", "returned"})
"""The states of an order that has left the house."""


class Balance(NamedTuple):
    """The money of an order, in micro-units."""

    paid: int
    refunded: int

    @property
    def rest(self) -> int:
        """What can still be paid back."""
        return self.paid - self.refunded


def order_of(connection: Connection, order_id: str) -> Row[Any]:
    """Return the order, without a word about its customer.

    Raises:
        ToolError: there is no such order.
    """
    columns = sales_order.c.id, sales_order.c.status, sales_order.c.placed_at, sales_order.c.total
    found = connection.execute(select(*columns).where(sales_order.c.id == order_id)).one_or_none()
    if found is None:
        raise ToolError(f"There is no order {order_id}. Order numbers look like SO-99999.")
    return found


def recipient_of(connection: Connection, order_id: str) -> Row[Any]:
    """Return who gets an order that exists, and where."""
    return connection.execute(
        select(customer.c.id, customer.c.name, customer.c.phone, sales_order.c.address)
        .join(customer, customer.c.id == sales_order.c.customer_id)
        .where(sales_order.c.id == order_id)
    ).one()


def customer_known(connection: Connection, customer_id: str) -> None:
    """Pass when there is such a customer.

    Raises:
        ToolError: there is none.
    """
    if connection.execute(select(customer.c.id).where(customer.c.id == customer_id)).one_or_none() is None:
        raise ToolError(f"There is no customer number {customer_id}. Look the customer up with find_customer.")


def items_of(connection: Connection, order_id: str) -> Sequence[Row[Any]]:
    """Return the lines of an order, with the names of the goods."""
    return connection.execute(
        select(order_item.c.sku, order_item.c.quantity, order_item.c.price, variant.c.name_en, variant.c.name_zh)
        .join(variant, variant.c.sku == order_item.c.sku)
        .where(order_item.c.order_id == order_id)
        .order_by(order_item.c.id)
    ).all()


def balance_of(connection: Connection, order_id: str) -> Balance:
    """Return what was paid for an order and what went back."""
    sums = (
        connection.execute(
            select(func.coalesce(func.sum(table.c.amount), 0)).where(table.c.order_id == order_id)
        ).scalar_one()
        for table in (payment, refund)
    )
    return Balance(*sums)


def open_tickets_of(connection: Connection, order_id: str) -> Sequence[Row[Any]]:
    """Return the open tickets of an order, newest first."""
    return connection.execute(
        select(ticket.c.id, ticket.c.subject, ticket.c.text)
        .where(ticket.c.order_id == order_id, ticket.c.status == "open")
        .order_by(ticket.c.opened_at.desc(), ticket.c.id.desc())
    ).all()


def day(at: str) -> str:
    """Return the day of a stored time: ``2025-11-22``."""
    return at[:10]

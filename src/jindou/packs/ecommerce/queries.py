"""What the tools ask the shop's database."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, ScalarSelect, String, Table, bindparam, func, select

from jindou.agents.tools import ToolError
from jindou.packs.ecommerce.tables import customer, order_item, payment, refund, sales_order, ticket, variant

__all__ = [
    "SHIPPED",
    "Balance",
    "Head",
    "Line",
    "OpenTicket",
    "Recipient",
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

_ID = bindparam("order_id", type_=String())

# Built once, since building a statement costs more than the shop takes to answer it.
_ORDER = select(sales_order.c.id, sales_order.c.status, sales_order.c.placed_at, sales_order.c.total).where(
    sales_order.c.id == _ID
)
_RECIPIENT = (
    select(customer.c.id, customer.c.name, customer.c.phone, sales_order.c.address)
    .join(customer, customer.c.id == sales_order.c.customer_id)
    .where(sales_order.c.id == _ID)
)
_ITEMS = (
    select(order_item.c.sku, order_item.c.quantity, order_item.c.price, variant.c.name_en + " / " + variant.c.name_zh)
    .join(variant, variant.c.sku == order_item.c.sku)
    .where(order_item.c.order_id == _ID)
    .order_by(order_item.c.id)
)
_OPEN_TICKETS = (
    select(ticket.c.id, ticket.c.subject, ticket.c.text)
    .where(ticket.c.order_id == _ID, ticket.c.status == "open")
    .order_by(ticket.c.opened_at.desc(), ticket.c.id.desc())
)


def _sum_of(table: Table) -> ScalarSelect[int]:
    return select(func.coalesce(func.sum(table.c.amount), 0)).where(table.c.order_id == _ID).scalar_subquery()


_BALANCE = select(_sum_of(payment), _sum_of(refund))


class Balance(NamedTuple):
    """The money of an order, in micro-units."""

    paid: int
    refunded: int

    @property
    def rest(self) -> int:
        """What can still be paid back."""
        return self.paid - self.refunded


class Head(NamedTuple):
    """An order without a word about its customer."""

    id: str
    status: str
    placed_at: str
    total: int


class Recipient(NamedTuple):
    """Who gets an order, and where."""

    customer_id: str
    name: str
    phone: str
    address: str


class Line(NamedTuple):
    """Goods of an order, with their name in both languages."""

    sku: str
    quantity: int
    price: int
    name: str


class OpenTicket(NamedTuple):
    """A complaint that nobody has closed."""

    id: str
    subject: str
    text: str


def order_of(connection: Connection, order_id: str) -> Head:
    """Return an order, without a word about its customer.

    Raises:
        ToolError: there is no such order.
    """
    found = connection.execute(_ORDER, {"order_id": order_id}).one_or_none()
    if found is None:
        raise ToolError(f"There is no order {order_id}. Ask for the right order number.")
    return Head(*found)


def recipient_of(connection: Connection, order_id: str) -> Recipient:
    """Return who gets an order that exists."""
    return Recipient(*connection.execute(_RECIPIENT, {"order_id": order_id}).one())


def customer_known(connection: Connection, customer_id: str) -> None:
    """Pass when there is such a customer.

    Raises:
        ToolError: there is none.
    """
    if connection.execute(select(customer.c.id).where(customer.c.id == customer_id)).one_or_none() is None:
        raise ToolError(f"There is no customer number {customer_id}. Look the customer up with find_customer.")


def items_of(connection: Connection, order_id: str) -> Sequence[Line]:
    """Return the goods of an order."""
    return [Line(*row) for row in connection.execute(_ITEMS, {"order_id": order_id})]


def balance_of(connection: Connection, order_id: str) -> Balance:
    """Return what was paid for an order and what went back."""
    return Balance(*connection.execute(_BALANCE, {"order_id": order_id}).one())


def open_tickets_of(connection: Connection, order_id: str) -> Sequence[OpenTicket]:
    """Return the open tickets of an order, newest first."""
    return [OpenTicket(*row) for row in connection.execute(_OPEN_TICKETS, {"order_id": order_id})]


def day(at: str) -> str:
    """Return the day of a stored time: ``2025-11-22``."""
    return at[:10]

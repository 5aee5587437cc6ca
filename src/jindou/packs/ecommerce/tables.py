"""The shop's own tables: a database of the business, not of the platform.

Money is integer micro-units; times are ISO 8601 text in UTC, so that a person reads them with any SQLite tool.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table

__all__ = [
    "customer",
    "effect",
    "metadata",
    "order_item",
    "payment",
    "product",
    "refund",
    "reply",
    "returned_item",
    "sales_order",
    "shipment",
    "ticket",
    "variant",
]

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, String, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _order_id() -> Column[str]:
    return Column("order_id", String, ForeignKey("sales_order.id"), nullable=False, index=True)


product = Table(
    "product",
    metadata,
    Column("id", String, primary_key=True),
    _text("name_en"),
    _text("name_zh"),
    _text("category"),
)

variant = Table(
    "variant",
    metadata,
    Column("sku", String, primary_key=True),
    Column("product_id", String, ForeignKey("product.id"), nullable=False, index=True),
    _text("name_en"),
    _text("name_zh"),
    _number("price"),
    _number("stock"),
    _text("shelf"),
    CheckConstraint("price > 0 AND stock >= 0"),
)

customer = Table(
    "customer",
    metadata,
    Column("id", String, primary_key=True),
    _text("name"),
    _text("email"),
    _text("phone"),
    _text("address"),
    _text("city"),
    _text("language"),
    _text("search"),
)

sales_order = Table(
    "sales_order",
    metadata,
    Column("id", String, primary_key=True),
    Column("customer_id", String, ForeignKey("customer.id"), nullable=False, index=True),
    Column("status", String, nullable=False, index=True),
    _text("placed_at"),
    _text("address"),
    _number("total"),
)

order_item = Table(
    "order_item",
    metadata,
    Column("id", Integer, primary_key=True),
    _order_id(),
    Column("sku", String, ForeignKey("variant.sku"), nullable=False),
    _number("quantity"),
    _number("price"),
    CheckConstraint("quantity > 0"),
)

payment = Table(
    "payment",
    metadata,
    Column("id", Integer, primary_key=True),
    _order_id(),
    _number("amount"),
    _text("method"),
    _text("paid_at"),
)

refund = Table(
    "refund",
    metadata,
    Column("id", Integer, primary_key=True),
    _order_id(),
    _number("amount"),
    _text("reason"),
    _text("by_name"),
    _text("at"),
    CheckConstraint("amount > 0"),
)

shipment = Table(
    "shipment",
    metadata,
    Column("id", String, primary_key=True),
    Column("order_id", String, ForeignKey("sales_order.id"), nullable=False, unique=True),
    _text("carrier"),
    _text("tracking"),
    _text("shipped_at"),
    Column("delivered_at", String),
)

returned_item = Table(
    "returned_item",
    metadata,
    Column("id", String, primary_key=True),
    _order_id(),
    Column("sku", String, ForeignKey("variant.sku"), nullable=False),
    _number("quantity"),
    _text("reason"),
    _text("at"),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", String, primary_key=True),
    _order_id(),
    _text("subject"),
    _text("text"),
    _text("status"),
    _text("opened_at"),
)

reply = Table(
    "reply",
    metadata,
    Column("id", Integer, primary_key=True),
    _order_id(),
    Column("ticket_id", String, ForeignKey("ticket.id")),
    _text("text"),
    _text("by_name"),
    _text("at"),
)

effect = Table(
    "effect",
    metadata,
    Column("key", String, primary_key=True),
    _text("tool"),
    _text("arguments_hash"),
    _text("facts"),
    _text("result"),
    _text("at"),
)

"""The tools that look."""

from sqlalchemy import ColumnElement, func, select

from jindou.agents.tools import Call, ToolError
from jindou.packs.ecommerce import tables
from jindou.packs.ecommerce.amounts import money
from jindou.packs.ecommerce.arguments import CustomerId, CustomerQuery, OrderId, ProductQuery, Status
from jindou.packs.ecommerce.queries import (
    balance_of,
    customer_known,
    day,
    items_of,
    open_tickets_of,
    order_of,
    recipient_of,
)
from jindou.packs.ecommerce.searching import plain, score, terms
from jindou.packs.ecommerce.shop import Shop
from jindou.packs.ecommerce.types import (
    CustomerFound,
    Customers,
    Item,
    Order,
    OrderOfCustomer,
    OrderRow,
    Orders,
    Shipment,
    ShipmentToCustomer,
    Stock,
    StockRow,
)

__all__ = ["Reads"]

_MOST = 6
_GOOD_ENOUGH = 0.5


class Reads:
    """The reading tools on one shop. Each takes the call it serves, then its arguments."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def find_customer(self, call: Call, query: CustomerQuery) -> Customers:
        """Find a customer by name, email, phone or customer number."""
        if not call.may("see_customer"):
            raise ToolError(f"{call.person_name} may not see customers.")
        customer, order = tables.customer, tables.sales_order
        matches = [customer.c.search.contains(word, autoescape=True) for word in plain(query).split()]
        with self._shop.read() as connection:
            rows = connection.execute(
                select(customer, func.count(order.c.id).label("orders"), func.count().over().label("found"))
                .outerjoin(order, order.c.customer_id == customer.c.id)
                .where(*matches)
                .group_by(customer.c.id)
                .order_by(customer.c.id)
                .limit(_MOST)
            ).all()
        return Customers(
            customers=[
                CustomerFound(
                    customer_id=row.id,
                    name=row.name,
                    city=row.city,
                    email=row.email,
                    phone=row.phone,
                    orders=row.orders,
                )
                for row in rows
            ],
            more=rows[0].found - len(rows) if rows else 0,
        )

    def get_order(self, call: Call, order_id: OrderId) -> Order:
        """Show one order: goods, price, status, address, refunds, complaints."""
        with self._shop.read() as connection:
            order = order_of(connection, order_id)
            balance = balance_of(connection, order_id)
            seen = Order(
                order_id=order_id,
                status=order.status,
                placed=day(order.placed_at),
                items=[
                    Item(sku=r.sku, name=r.name, quantity=r.quantity, price=money(r.price))
                    for r in items_of(connection, order_id)
                ],
                total=money(order.total),
                refunded=money(balance.refunded),
                refundable=money(balance.rest),
                open_tickets=[f"{t.id} {t.subject}: {t.text}" for t in open_tickets_of(connection, order_id)],
            )
            if not call.may("see_customer"):
                return seen
            to = recipient_of(connection, order_id)
        return OrderOfCustomer(**dict(seen), customer_id=to.customer_id, customer=to.name, address=to.address)

    def list_orders(self, call: Call, customer_id: CustomerId = "", status: Status = "any") -> Orders:
        """List the orders of one customer number, or all orders with one status."""
        sees_customers = call.may("see_customer")
        if customer_id and not sees_customers:
            raise ToolError(f"{call.person_name} may not see whose orders these are. List them by their status.")
        order = tables.sales_order
        wanted: list[ColumnElement[bool]] = []
        if status != "any":
            wanted.append(order.c.status == status)
        if customer_id:
            wanted.append(order.c.customer_id == customer_id)
        columns = order.c.id, order.c.placed_at, order.c.status, order.c.total
        whose = (order.c.customer_id,) if sees_customers else ()
        with self._shop.read() as connection:
            if customer_id:
                customer_known(connection, customer_id)
            found = connection.execute(select(func.count()).select_from(order).where(*wanted)).scalar_one()
            rows = connection.execute(
                select(*columns, *whose)
                .where(*wanted)
                .order_by(order.c.placed_at.desc(), order.c.id.desc())
                .limit(_MOST)
            ).all()
        return Orders(
            orders=[
                OrderRow(
                    order_id=row.id,
                    customer_id=row.customer_id if sees_customers else None,
                    placed=day(row.placed_at),
                    status=row.status,
                    total=money(row.total),
                )
                for row in rows
            ],
            more=found - len(rows),
        )

    def get_shipment(self, call: Call, order_id: OrderId) -> Shipment:
        """Track the parcel of an order: carrier, tracking number, sent, delivered."""
        table = tables.shipment
        with self._shop.read() as connection:
            order = order_of(connection, order_id)
            parcel = connection.execute(select(table).where(table.c.order_id == order_id)).one_or_none()
            status = "not sent yet" if order.status in {"unpaid", "paid"} else order.status
            seen = Shipment(
                order_id=order_id,
                status="on its way" if status == "shipped" else status,
                shipment_id=parcel.id if parcel else "none",
                carrier=parcel.carrier if parcel else "none",
                tracking=parcel.tracking if parcel else "none",
                shipped=day(parcel.shipped_at) if parcel else "not yet",
                delivered=day(parcel.delivered_at) if parcel and parcel.delivered_at else "not yet",
                items=[f"{r.quantity} x {r.sku} {r.name}" for r in items_of(connection, order_id)],
            )
            if not call.may("see_customer"):
                return seen
            to = recipient_of(connection, order_id)
        return ShipmentToCustomer(**dict(seen), recipient=to.name, address=to.address, phone=to.phone)

    def check_stock(self, call: Call, query: ProductQuery) -> Stock:  # noqa: ARG002 - every tool takes its call
        """Check how many pieces of a product are in the warehouse."""
        product, variant = tables.product, tables.variant
        with self._shop.read() as connection:
            rows = connection.execute(
                select(variant.c.sku, variant.c.name_en, variant.c.name_zh, variant.c.stock, variant.c.shelf)
                .add_columns(product.c.category)
                .join(product, product.c.id == variant.c.product_id)
                .order_by(variant.c.sku)
            ).all()
        # A few hundred variants: ranking them here finds "brass Aurora lamps" and 极光台灯 alike.
        looked_for = terms(query)
        scores = [score(looked_for, plain(f"{r.sku} {r.name_en} {r.name_zh} {r.category}")) for r in rows]
        best = max(scores)
        found = [row for row, value in zip(rows, scores, strict=True) if value == best and best >= _GOOD_ENOUGH]
        return Stock(
            items=[
                StockRow(sku=row.sku, name=f"{row.name_en} / {row.name_zh}", stock=row.stock, shelf=row.shelf)
                for row in found[:_MOST]
            ],
            more=max(0, len(found) - _MOST),
        )

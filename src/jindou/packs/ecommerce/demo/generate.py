"""Makes the demo shop: products, customers, and thirty days of orders that end on the eve of `today`.

Everything is drawn in one fixed order from one seeded generator, so that a seed and a day give the same rows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Connection, Table, insert

from jindou.packs.ecommerce import tables
from jindou.packs.ecommerce.arguments import OrderStatus
from jindou.packs.ecommerce.demo.catalogue import FINISHES, PRODUCTS
from jindou.packs.ecommerce.demo.names import CARRIERS, METHODS, RETURN_REASONS, TICKETS
from jindou.packs.ecommerce.demo.people import Customer, draw_customers
from jindou.packs.ecommerce.demo.story import ORDERS, STOCK, StoryOrder

__all__ = ["fill"]

_ORDERS = 1000
_FIRST_ORDER = 10001
_DAYS = 30
_YUAN = 1_000_000
_STORY = {order.number: order for order in ORDERS}

_Row = dict[str, object]


def fill(connection: Connection, seed: int, today: datetime) -> None:
    """Put the shop of `seed` and `today` into the empty tables behind `connection`."""
    for table, rows in _Shop(seed, today).rows().items():
        connection.execute(insert(table), rows)


class _Shop:
    def __init__(self, seed: int, today: datetime) -> None:
        self._draw = Random(f"jindou shop {seed}")  # noqa: S311 - demo data, no secret
        self._midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        self._rows: dict[Table, list[_Row]] = defaultdict(list)
        self._prices: dict[str, int] = {}

    def rows(self) -> Mapping[Table, Sequence[_Row]]:
        """Return the rows of each table, parents before children."""
        self._products()
        customers = draw_customers(self._draw)
        self._rows[tables.customer] = [customer.row() for customer in customers]
        by_number = {customer.number: customer for customer in customers}
        for number in range(_FIRST_ORDER, _FIRST_ORDER + _ORDERS):
            story = _STORY.get(number)
            drawn = self._draw.choice(customers)
            self._order(number, by_number[story.customer] if story else drawn, story)
        return self._rows

    def _products(self) -> None:
        for place, product in enumerate(PRODUCTS):
            self._rows[tables.product].append(
                {"id": product.code, "name_en": product.en, "name_zh": product.zh, "category": product.category}
            )
            for n, code in enumerate(product.finishes.split()):
                sku = f"{product.code}-{code}"
                drawn = self._draw.choice((0, 3, 8, 14, 22, 35, 60))
                self._prices[sku] = (product.yuan + 20 * n) * _YUAN
                self._add(
                    tables.variant,
                    sku=sku,
                    product_id=product.code,
                    name_en=f"{product.en}, {FINISHES[code].en}",
                    name_zh=f"{product.zh} {FINISHES[code].zh}",
                    price=self._prices[sku],
                    stock=STOCK.get(sku, drawn),
                    shelf=f"{'ABCDEFG'[place // 8]}{place % 8 + 1}-{n + 1}",
                )

    def _order(self, number: int, customer: Customer, story: StoryOrder | None) -> None:
        order_id = f"SO-{number}"
        age = _DAYS * (_FIRST_ORDER + _ORDERS - number) / _ORDERS
        placed = self._midnight - timedelta(seconds=int(age * 86_400) - self._draw.randrange(40))
        status = self._status(age)
        lines = self._lines()
        if story:
            status, lines = story.status, story.lines
        total = sum(self._prices[sku] * quantity for sku, quantity in lines)
        self._add(
            tables.sales_order,
            id=order_id,
            customer_id=customer.id,
            status=status,
            placed_at=_iso(placed),
            address=customer.address,
            total=total,
        )
        for sku, quantity in lines:
            self._add(tables.order_item, order_id=order_id, sku=sku, quantity=quantity, price=self._prices[sku])
        if status not in {"unpaid", "cancelled"}:
            paid_at = placed + timedelta(minutes=self._draw.randrange(1, 30))
            method = self._draw.choice(METHODS)
            self._add(tables.payment, order_id=order_id, amount=total, method=method, paid_at=_iso(paid_at))
        if status in {"shipped", "delivered", "returned"}:
            self._shipment(number, placed, age, arrived=status != "shipped")
        self._aftermath(order_id, status, lines, age, story)

    def _status(self, age: float) -> OrderStatus:
        if age > 12:  # noqa: PLR2004 - days; by then nothing is on its way any more
            choices: Mapping[OrderStatus, int] = {"delivered": 87, "returned": 7, "cancelled": 6}
        elif age > 4:  # noqa: PLR2004
            choices = {"shipped": 45, "delivered": 50, "cancelled": 5}
        elif age > 1:
            choices = {"unpaid": 8, "paid": 62, "shipped": 30}
        else:
            choices = {"unpaid": 30, "paid": 70}
        return self._draw.choices(list(choices), list(choices.values()))[0]

    def _lines(self) -> tuple[tuple[str, int], ...]:
        skus = self._draw.sample(list(self._prices), self._draw.choice((1, 1, 1, 2, 2, 3)))
        return tuple((sku, self._draw.choice((1, 1, 1, 1, 2, 3))) for sku in skus)

    def _shipment(self, number: int, placed: datetime, age: float, *, arrived: bool) -> None:
        carrier, prefix = self._draw.choice(CARRIERS)
        shipped = placed + timedelta(hours=self._draw.randrange(6, 22))
        delivered = shipped + timedelta(hours=self._draw.randrange(24, max(25, min(96, int(age * 24) - 22))))
        self._add(
            tables.shipment,
            id=f"SH-{number + 20_000}",
            order_id=f"SO-{number}",
            carrier=carrier,
            tracking=f"{prefix}{self._draw.randrange(10**9, 10**10)}",
            shipped_at=_iso(shipped),
            delivered_at=_iso(delivered) if arrived else None,
        )

    def _aftermath(
        self,
        order_id: str,
        status: OrderStatus,
        lines: Sequence[tuple[str, int]],
        age: float,
        story: StoryOrder | None,
    ) -> None:
        back = self._midnight - timedelta(hours=int(age * 12))
        complains, text = self._draw.random() < 0.12, self._draw.choice(TICKETS)  # noqa: PLR2004
        if story:
            complains, text = story.ticket is not None, story.ticket or text
        if status == "returned":
            sku, quantity = lines[0]
            self._add(
                tables.returned_item,
                id=f"RT-{len(self._rows[tables.returned_item]) + 5001}",
                order_id=order_id,
                sku=sku,
                quantity=quantity,
                reason=self._draw.choice(RETURN_REASONS),
                at=_iso(back),
            )
        refunded = self._prices[lines[0][0]] * lines[0][1] if status == "returned" else 0
        if story:
            refunded = story.refunded * _YUAN
        if refunded:
            why = "returned" if status == "returned" else "goodwill"
            by = "Lena Vogel"
            self._add(tables.refund, order_id=order_id, amount=refunded, reason=why, by_name=by, at=_iso(back))
        if complains and status in {"delivered", "returned"}:
            self._add(
                tables.ticket,
                id=f"TK-{len(self._rows[tables.ticket]) + 7001}",
                order_id=order_id,
                subject=text[0],
                text=text[1],
                status="open" if story or self._draw.random() < 0.5 else "closed",  # noqa: PLR2004
                opened_at=_iso(self._midnight - timedelta(hours=int(age * 4))),
            )

    def _add(self, table: Table, **row: object) -> None:
        self._rows[table].append(row)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

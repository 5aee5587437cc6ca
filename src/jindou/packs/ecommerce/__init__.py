"""A web shop for lamps and the home: customers, orders, parcels, refunds, and an after-sales assistant."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from jindou.packs.contract import OpenPack, Pack
from jindou.packs.ecommerce import tables
from jindou.packs.ecommerce.people import PEOPLE
from jindou.packs.ecommerce.shop import Shop
from jindou.packs.ecommerce.tools import tools_on

__all__ = ["pack"]


def _open(folder: Path, today: datetime) -> OpenPack:
    shop = Shop(folder, today)

    def describe() -> str:
        with shop.read() as connection:
            customers, orders = (
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (tables.customer, tables.sales_order)
            )
        return f"{customers} customers, {orders} orders"

    return OpenPack(tools=tools_on(shop), reset=shop.reset, close=shop.close, describe=describe)


pack = Pack(
    name="ecommerce",
    title={"en": "Web shop", "zh": "电商"},
    folder=Path(__file__).parent,
    people=PEOPLE,
    open=_open,
    actions=("see_customer",),
)

"""Orders that examples, evaluations and tests can count on, whatever the seed."""

from typing import NamedTuple

from jindou.packs.ecommerce.arguments import OrderStatus

__all__ = ["CUSTOMERS", "ORDERS", "STOCK", "StoryCustomer", "StoryOrder"]


class StoryCustomer(NamedTuple):
    """A customer with a fixed number."""

    number: int
    name: str
    email: str
    phone: str
    address: str
    city: str
    language: str


class StoryOrder(NamedTuple):
    """An order with a fixed number. `lines`: (SKU, quantity); `refunded`: in yuan; `ticket`: subject and text."""

    number: int
    customer: int
    status: OrderStatus
    lines: tuple[tuple[str, int], ...]
    refunded: int = 0
    ticket: tuple[str, str] | None = None


CUSTOMERS = (
    StoryCustomer(
        1007,
        "Anna Müller",
        "anna.mueller@example.com",
        "+49 30 5550107",
        "Lindenstraße 14, 10969 Berlin, Germany",
        "Berlin",
        "en",
    ),
    StoryCustomer(1042, "王芳", "wang.fang@example.cn", "+86 190 0000 1042", "上海市静安区南京西路88号", "上海", "zh"),
    StoryCustomer(1103, "李伟", "li.wei@example.cn", "+86 190 0000 1103", "北京市朝阳区建国路21号", "北京", "zh"),
    StoryCustomer(
        1250,
        "Sofie Jansen",
        "sofie.jansen@example.com",
        "+31 20 5550250",
        "Prinsengracht 31, 1015 Amsterdam, Netherlands",
        "Amsterdam",
        "en",
    ),
    StoryCustomer(1318, "陈静", "chen.jing@example.cn", "+86 190 0000 1318", "杭州市西湖区文三路56号", "杭州", "zh"),
)

ORDERS = (
    StoryOrder(
        10007,
        1007,
        "delivered",
        (("DL-01-BR", 1),),
        ticket=("Lamp arrived broken", "I only unpacked the desk lamp this week: the shade is broken. Please help."),
    ),
    StoryOrder(10120, 1250, "delivered", (("PL-01-BR", 14), ("BU-01-WW", 14))),
    StoryOrder(
        10234,
        1042,
        "delivered",
        (("TL-01-GN", 1), ("BU-02-WW", 2)),
        ticket=("桌灯破损", "收到的青瓷桌灯底座有裂缝，请退一部分钱。"),
    ),
    StoryOrder(
        10518,
        1103,
        "delivered",
        (("FL-03-OA", 1),),
        refunded=30,
        ticket=("落地灯有划痕", "灯杆上又发现一道划痕，能再补偿一点吗？"),
    ),
    StoryOrder(10602, 1318, "returned", (("HO-12-L", 1),), refunded=519),
    StoryOrder(10871, 1318, "shipped", (("PL-03-S", 1),)),
    StoryOrder(10890, 1250, "shipped", (("WL-01-BK", 2),)),
    StoryOrder(10962, 1042, "paid", (("DL-02-WH", 1), ("AC-04-WH", 1))),
    StoryOrder(10975, 1007, "paid", (("FL-01-BR", 1),)),
    StoryOrder(10988, 1103, "unpaid", (("HO-06-GN", 1),)),
)

STOCK = {"DL-01-BR": 17, "DL-02-BK": 0, "FL-01-BR": 4, "TL-01-GN": 9, "PL-03-L": 0, "BU-03-WW": 120}

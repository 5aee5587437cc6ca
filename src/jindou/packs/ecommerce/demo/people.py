"""Draws the customers of the demo shop."""

from random import Random
from typing import NamedTuple

from jindou.packs.ecommerce.demo.names import CHINESE, EUROPEAN
from jindou.packs.ecommerce.demo.story import CUSTOMERS
from jindou.packs.ecommerce.searching import plain

__all__ = ["Customer", "draw_customers"]

_CUSTOMERS = 500
_FIRST = 1001
_STORY = {customer.number: customer for customer in CUSTOMERS}


class Customer(NamedTuple):
    """A customer of the shop."""

    number: int
    name: str
    email: str
    phone: str
    address: str
    city: str
    language: str

    @property
    def id(self) -> str:
        """The customer number."""
        return f"C-{self.number}"

    def row(self) -> dict[str, object]:
        """Return the row of table `customer`, with the text that a search looks at."""
        digits = "".join(c for c in self.phone if c.isdigit())
        search = plain(f"{self.id} {self.name} {self.email} {self.phone} {digits} {self.city}")
        fields = {name: value for name, value in self._asdict().items() if name != "number"}
        return {"id": self.id, **fields, "search": search}


def draw_customers(draw: Random) -> list[Customer]:
    """Return the 500 customers, six of ten in China and the others in Europe."""
    return [_customer(draw, number) for number in range(_FIRST, _FIRST + _CUSTOMERS)]


def _customer(draw: Random, number: int) -> Customer:
    drawn = _chinese(draw, number) if draw.random() < 0.6 else _european(draw, number)  # noqa: PLR2004
    story = _STORY.get(number)
    return Customer(*story) if story else drawn


def _chinese(draw: Random, number: int) -> Customer:
    family, family_pinyin = draw.choice(CHINESE["family"])
    given, given_pinyin = draw.choice(CHINESE["given"])
    city, street = draw.choice(CHINESE["place"])
    return Customer(
        number=number,
        name=family + given,
        email=f"{family_pinyin}.{given_pinyin}{number}@example.cn",
        phone=f"+86 190 {draw.randrange(10_000):04} {number}",
        address=f"{street}{draw.randrange(1, 200)}号",
        city=city,
        language="zh",
    )


def _european(draw: Random, number: int) -> Customer:
    given, family = draw.choice(EUROPEAN["given"]), draw.choice(EUROPEAN["family"])
    city, street, prefix = draw.choice(EUROPEAN["place"])
    mailbox = plain(f"{given}.{family}").replace(" ", "")
    return Customer(
        number=number,
        name=f"{given} {family}",
        email=f"{mailbox}{number}@example.com",
        phone=f"{prefix} 555{number}",
        address=street.format(draw.randrange(1, 200)),
        city=city,
        language="en",
    )

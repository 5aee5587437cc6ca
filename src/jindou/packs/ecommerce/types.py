"""What the tools answer: short words, so that a small model reads them quickly. Money is text with its currency."""

from pydantic import BaseModel

__all__ = [
    "AddressChanged",
    "CustomerFound",
    "Customers",
    "Discarded",
    "Drafted",
    "Item",
    "Order",
    "OrderOfCustomer",
    "OrderRow",
    "Orders",
    "Refunded",
    "Shipment",
    "ShipmentToCustomer",
    "Stock",
    "StockRow",
]


class CustomerFound(BaseModel):
    """A customer, with the number of their orders."""

    customer_id: str
    name: str
    city: str
    email: str
    phone: str
    orders: int


class Customers(BaseModel):
    """The best matches; `more` says how many did not fit."""

    customers: list[CustomerFound]
    more: int = 0


class Item(BaseModel):
    """A line of an order."""

    sku: str
    name: str
    quantity: int
    price: str


class Order(BaseModel):
    """An order without a word about who gets it. `refundable` is what was paid and not yet paid back."""

    order_id: str
    status: str
    placed: str
    items: list[Item]
    total: str
    refunded: str
    refundable: str
    open_tickets: list[str]


class OrderOfCustomer(Order):
    """An order with its customer, for people who may see customers."""

    customer_id: str
    customer: str
    address: str


class OrderRow(BaseModel):
    """An order in a list; `customer_id` is for people who may see customers."""

    order_id: str
    customer_id: str | None = None
    placed: str
    status: str
    total: str


class Orders(BaseModel):
    """The newest orders; `more` says how many did not fit."""

    orders: list[OrderRow]
    more: int = 0


class Shipment(BaseModel):
    """A parcel, as the warehouse knows it."""

    order_id: str
    status: str
    shipment_id: str
    carrier: str
    tracking: str
    shipped: str
    delivered: str
    items: list[str]


class ShipmentToCustomer(Shipment):
    """A parcel with the person it goes to, for people who may see customers."""

    recipient: str
    address: str
    phone: str


class StockRow(BaseModel):
    """A variant on its shelf."""

    sku: str
    name: str
    stock: int
    shelf: str


class Stock(BaseModel):
    """The best matches; `more` says how many did not fit."""

    items: list[StockRow]
    more: int = 0


class Refunded(BaseModel):
    """Money that went back. `refunded_total` counts every refund of the order.

    Nothing else is told: a small model that reads of an amount it could still refund says that it did.
    """

    order_id: str
    refunded: str
    refunded_total: str


class AddressChanged(BaseModel):
    """The delivery address as it is now, and as it was."""

    order_id: str
    new_address: str
    old_address: str = ""


class Drafted(BaseModel):
    """A reply that waits for a person to send it."""

    draft_id: str
    order_id: str
    ticket_id: str
    text: str


class Discarded(BaseModel):
    """A draft that is gone."""

    draft_id: str
    order_id: str

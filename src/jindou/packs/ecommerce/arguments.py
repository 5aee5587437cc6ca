"""The arguments that several tools share, forgiving in form: ``so 10234`` and ``#10234`` are SO-10234."""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.config import JsonDict

__all__ = [
    "Address",
    "CustomerId",
    "CustomerQuery",
    "OrderId",
    "OrderStatus",
    "ProductQuery",
    "Reason",
    "ReplyText",
    "Status",
]

OrderStatus = Literal["unpaid", "paid", "shipped", "delivered", "returned", "cancelled"]
"""Where an order stands. `paid`: the warehouse packs it; from `shipped` on it is on its way."""


def _numbered(prefix: str, digits: int) -> Callable[[str], str]:
    form = re.compile(rf"(?:{prefix})?[-_\s]*(\d{{{digits}}})")

    def normalise(text: str) -> str:
        plain = unicodedata.normalize("NFKC", text).strip().lstrip("#").upper()
        found = form.fullmatch(plain)
        return f"{prefix}-{found[1]}" if found else plain[:40]

    return normalise


def _text(longest: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        plain = text.strip()
        if not plain or len(plain) > longest:
            raise ValueError(f"give a text of 1 to {longest} characters")
        return plain

    return check


def _copied(pattern: str | None = None) -> JsonDict:
    """Say to the model's harness that a value comes from the conversation: the model may not make one up."""
    mark: JsonDict = {"x-copied": True}
    return {**mark, "pattern": pattern} if pattern else mark


_NO_ORDER: JsonDict = {"not": {"pattern": r"^(?i:so)[-_ ]?\d{5}$"}}
# The examples are numbers that no order and no customer has, so that a model which copies one is found out.
OrderId = Annotated[
    str,
    AfterValidator(_numbered("SO", 5)),
    Field(description="Order number, such as SO-99999", json_schema_extra=_copied(r"^(SO)?[-_ ]?\d{5}$")),
]
CustomerId = Annotated[
    str,
    AfterValidator(_numbered("C", 4)),
    Field(description="Customer number, such as C-9999", json_schema_extra=_copied(r"^(C)?[-_ ]?\d{4}$")),
]
Status = Annotated[
    Literal["any", "unpaid", "paid", "shipped", "delivered", "returned", "cancelled"],
    Field(description="Only orders with this status"),
]
CustomerQuery = Annotated[
    str,
    AfterValidator(_text(200)),
    Field(
        description="Name, email, phone or customer number",
        # A small model looks for a customer by anything at all; an order number belongs to other tools.
        json_schema_extra=_copied() | _NO_ORDER,
    ),
]
ProductQuery = Annotated[
    str, AfterValidator(_text(200)), Field(description="Product name or SKU", json_schema_extra=_copied())
]
Reason = Annotated[str, AfterValidator(_text(500)), Field(description="Why, in a few words")]
Address = Annotated[
    str, AfterValidator(_text(300)), Field(description="The new address, complete", json_schema_extra=_copied())
]
ReplyText = Annotated[str, AfterValidator(_text(4000)), Field(description="The message to the customer")]

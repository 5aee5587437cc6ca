"""The ledger of everything used, and the statement it adds up to."""

from jindou.billing.usage.attempts import AttemptClosed, Attempts
from jindou.billing.usage.ledger import Ledger
from jindou.billing.usage.service import Usage
from jindou.billing.usage.types import (
    Admission,
    Attempt,
    MeterEvent,
    Opening,
    Quantities,
    Reconciliation,
    Statement,
    StatementLine,
)

__all__ = [
    "Admission",
    "Attempt",
    "AttemptClosed",
    "Attempts",
    "Ledger",
    "MeterEvent",
    "Opening",
    "Quantities",
    "Reconciliation",
    "Statement",
    "StatementLine",
    "Usage",
]

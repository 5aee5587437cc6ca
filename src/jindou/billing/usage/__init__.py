"""The ledger of everything used, and the statement it adds up to."""

from jindou.billing.usage.attempts import AttemptClosed, Attempts
from jindou.billing.usage.ledger import Ledger
from jindou.billing.usage.service import Usage
from jindou.billing.usage.types import (
    Admission,
    DailyUse,
    MeterEvent,
    Opening,
    Quantities,
    Reconciliation,
    Statement,
    UseGroup,
)

__all__ = [
    "Admission",
    "AttemptClosed",
    "Attempts",
    "DailyUse",
    "Ledger",
    "MeterEvent",
    "Opening",
    "Quantities",
    "Reconciliation",
    "Statement",
    "Usage",
    "UseGroup",
]

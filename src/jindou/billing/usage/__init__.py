"""The ledger of everything used, and the statement it adds up to."""

from jindou.billing.usage.attempts import AttemptClosed, Attempts
from jindou.billing.usage.service import Usage, Use
from jindou.billing.usage.types import Attempt, MeterEvent, Quantities, Statement, StatementLine

__all__ = [
    "Attempt",
    "AttemptClosed",
    "Attempts",
    "MeterEvent",
    "Quantities",
    "Statement",
    "StatementLine",
    "Usage",
    "Use",
]

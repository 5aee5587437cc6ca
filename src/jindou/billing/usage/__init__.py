"""The ledger of everything used, and the statement it adds up to."""

from jindou.billing.usage.service import Usage, Use
from jindou.billing.usage.types import MeterEvent, Quantities, Statement, StatementLine

__all__ = ["MeterEvent", "Quantities", "Statement", "StatementLine", "Usage", "Use"]

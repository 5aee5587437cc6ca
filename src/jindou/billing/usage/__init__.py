from jindou.billing.usage.types import MeterEvent, Quantities, Statement, StatementLine

__all__ = ["MeterEvent", "Quantities", "Statement", "StatementLine"]

"""How well a model chooses tools, on cases in plain language."""

from jindou.models.evaluation.service import evaluate, load_cases
from jindou.models.evaluation.types import Case, ExpectedCall, Outcome, Report

__all__ = ["Case", "ExpectedCall", "Outcome", "Report", "evaluate", "load_cases"]

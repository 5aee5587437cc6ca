"""An organisation that pays for models: its budgets, its attempts, and what they must add up to."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import func, select

from jindou.billing.budgets import Bound, Budget, BudgetAsk, Budgets
from jindou.billing.budgets.tables import BudgetMonthRow
from jindou.billing.pricing import Price, PriceBook
from jindou.billing.usage import Admission, Attempts, Opening, Quantities
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.db import Database, Work
from jindou.errors import NotFound
from jindou.identity.audit import Audit
from jindou.identity.policy import Policy
from jindou.identity.principals import Principal
from support.ground import OURS
from support.platform import FakeClock

__all__ = ["CALL", "CLERK", "MANAGER", "SKU", "USED", "WORST", "Site", "open_site"]

SKU = "model:m"
CALL = 1000
"""What a call is held at, in micro-units; what it uses costs a quarter of that."""
WORST = Quantities(input_tokens=500, output_tokens=500)
USED = Quantities(input_tokens=200, output_tokens=50)

_PRICES = [
    Price(
        sku=sku, valid_from=date(2026, 1, 1), currency="CNY", per_million={"input_tokens": rate, "output_tokens": rate}
    )
    for sku, rate in ((SKU, 1_000_000), ("model:dear", 3_000_000), ("tool:read", 0))
]


def _person(name: str, *roles: str) -> Principal:
    id_ = f"prs_{name}"
    return Principal(org_id=OURS, person_id=id_, handle=name, name=name, roles=roles, language="en", actor=id_)


MANAGER = _person("manager", "manager")
CLERK = _person("clerk", "clerk")


@dataclass
class Site:
    """The rooms of billing on one database."""

    database: Database
    clock: FakeClock
    prices: PriceBook
    attempts: Attempts
    budgets: Budgets

    def budget(self, scope: str = "organisation", scope_id: str = "", **limits: object) -> Budget:
        """Set a budget as the manager does."""
        ask = BudgetAsk.model_validate({"scope": scope, "scope_id": scope_id, **limits})
        with self.database.writing(OURS) as work:
            return self.budgets.create(work, MANAGER, ask)

    def seen(self, budget_id: str) -> Budget:
        """Return a budget as it is now."""
        with self.database.reading(OURS) as work:
            return self.budgets.get(work, MANAGER, budget_id)

    def open(self, opening: Opening | None = None) -> Admission:
        """Hold a call of the clerk's."""
        with self.database.writing(OURS) as work:
            return self.attempts.open(work, opening or call())

    def settle(self, attempt_id: str, used: Quantities = USED, sku: str | None = None) -> int:
        """Settle it, and return its cost."""
        with self.database.writing(OURS) as work:
            return self.attempts.settle(work, attempt_id, used, sku).micro

    def sums(self) -> tuple[int, int]:
        """Return what the ledger has of this organisation in all: spent, and held."""
        with self.database.reading(OURS) as work:
            held = select(func.coalesce(func.sum(MeterAttemptRow.worst_micro), 0))
            return (
                int(work.session.scalar(select(func.coalesce(func.sum(MeterEventRow.cost_micro), 0))) or 0),
                int(work.session.scalar(held.where(MeterAttemptRow.status.in_(("open", "unknown")))) or 0),
            )

    def counted(self, budget_id: str) -> tuple[int, int]:
        """Return what a budget's counters have in all: spent, and held."""
        mine = select(func.sum(BudgetMonthRow.spent_micro), func.sum(BudgetMonthRow.held_micro))
        with self.database.reading(OURS) as work:
            spent, held = work.session.execute(mine.where(BudgetMonthRow.budget_id == budget_id)).one()
            return int(spent or 0), int(held or 0)

    def wrong(self) -> int:
        """Return how many budgets differ from the ledger."""
        with self.database.reading(None) as work:
            return self.budgets.count_wrong(work)


def call(**changed: object) -> Opening:
    """Return a call of the clerk's with a key."""
    fields: dict[str, object] = {"org_id": OURS, "person_id": CLERK.person_id, "key_id": "key_1", "skus": (SKU,)}
    return Opening(**{**fields, "worst": WORST, **changed})  # pyright: ignore[reportArgumentType]


def open_site(database: Database, clock: FakeClock, folder: Path) -> Site:
    """Put the rooms of billing together."""
    policy = Policy({}, {})
    prices = PriceBook(_PRICES, "CNY")
    attempts = Attempts(prices)
    audit = Audit(folder / "heads.jsonl", policy)
    return Site(database, clock, prices, attempts, Budgets(policy, audit, "CNY", _find_bound, attempts.tally))


def _find_bound(_work: Work, scope: str, scope_id: str) -> Bound:
    known = {
        ("organisation", OURS): Bound("Lamps"),
        ("person", CLERK.person_id): Bound("Li Na", CLERK.person_id),
        ("person", MANAGER.person_id): Bound("Wang Wei", MANAGER.person_id),
        ("key", "key_1"): Bound("laptop", CLERK.person_id),
        ("key", "key_2"): Bound("robot", MANAGER.person_id),
        ("assistant", "after-sales"): Bound("after-sales"),
    }
    if (scope, scope_id) not in known:
        raise NotFound(f"There is no such {scope}.")
    return known[scope, scope_id]

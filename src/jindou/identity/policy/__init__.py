"""Who may do what, decided by Cedar policies outside any model."""

from jindou.identity.policy.patience import Patience
from jindou.identity.policy.reading import Written
from jindou.identity.policy.schema import Action
from jindou.identity.policy.service import Policy, Resource
from jindou.identity.policy.standing import Standing
from jindou.identity.policy.tables import PolicyHeadRow, PolicyVersionRow
from jindou.identity.policy.types import Condition, Decision, Rule, Verb

__all__ = [
    "Action",
    "Condition",
    "Decision",
    "Patience",
    "Policy",
    "PolicyHeadRow",
    "PolicyVersionRow",
    "Resource",
    "Rule",
    "Standing",
    "Verb",
    "Written",
]

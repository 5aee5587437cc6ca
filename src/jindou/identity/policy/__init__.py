"""Who may do what, decided by Cedar policies outside any model."""

from jindou.identity.policy.schema import Action
from jindou.identity.policy.service import Policy, Resource
from jindou.identity.policy.types import Condition, Decision, Rule, Verb

__all__ = ["Action", "Condition", "Decision", "Policy", "Resource", "Rule", "Verb"]

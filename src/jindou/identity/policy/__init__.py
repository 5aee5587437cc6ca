from jindou.identity.policy.types import Decision, Rule, Verb

__all__ = ["Decision", "Rule", "Verb"]

"""What rules would have changed, had they been in force: last week's decisions, decided again."""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from jindou.agents.policies.tables import PolicyDecisionRow
from jindou.agents.policies.types import PolicyShadow, ShadowChange, ShadowExample
from jindou.db import Work
from jindou.identity.policy import Decision, Patience, Policy, Resource, Verb
from jindou.identity.principals import Principal

__all__ = ["shadow_of"]

_DAYS = 7
_MOST = 5000
_EXAMPLES = 5


def shadow_of(
    work: Work, org_id: str, policies: tuple[Policy, Policy], versions: tuple[int, int], name_of: Callable[[str], str]
) -> PolicyShadow:
    """Decide by the first of `policies` and by the second about the calls of the last seven days.

    `versions` are the numbers of the two; `name_of` returns what somebody is called. What is decided in some seconds is
    told: `reaches` says how far back that is.
    """
    since = work.now() - timedelta(days=_DAYS)
    recent = PolicyDecisionRow.at >= since
    recorded = work.session.scalars(select(func.count(PolicyDecisionRow.id)).where(recent)).one()
    query = select(PolicyDecisionRow).where(recent).order_by(PolicyDecisionRow.at.desc()).limit(_MOST)
    known: dict[str, tuple[Decision, Decision]] = {}
    counts: defaultdict[tuple[Verb, Verb], int] = defaultdict(int)
    examples: defaultdict[tuple[Verb, Verb], list[ShadowExample]] = defaultdict(list)
    looked_at, reaches, patience = 0, None, Patience()
    for row in work.session.scalars(query):
        if patience.is_over:
            break
        looked_at, reaches = looked_at + 1, row.at
        inputs = json.dumps([row.person_id, row.roles, row.assistant, row.grants, row.action, row.context])
        if inputs not in known:
            known[inputs] = _decide(policies[0], org_id, row), _decide(policies[1], org_id, row)
        before, after = known[inputs]
        way = (before.verb, after.verb)
        if before.verb == after.verb:
            continue
        counts[way] += 1
        if len(examples[way]) < _EXAMPLES:
            examples[way].append(_example(row, before, after, name_of))
    changes = [
        ShadowChange(before=way[0], after=way[1], count=count, examples=examples[way])
        for way, count in sorted(counts.items(), key=lambda found: -found[1])
    ]
    return PolicyShadow(
        number=versions[1],
        active=versions[0],
        since=since,
        reaches=reaches,
        recorded=recorded,
        decisions=looked_at,
        unchanged=looked_at - sum(counts.values()),
        changes=changes,
    )


def _decide(policy: Policy, org_id: str, row: PolicyDecisionRow) -> Decision:
    who = Principal(
        org_id=org_id,
        person_id=row.person_id,
        handle=row.person_id,
        name=row.person_id,
        roles=tuple(map(str, row.roles)),
        language="en",
        actor=row.person_id,
    )
    return policy.decide(who, row.action, Resource("Assistant", row.assistant, map(str, row.grants)), row.context)


def _example(row: PolicyDecisionRow, before: Decision, after: Decision, name_of: Callable[[str], str]) -> ShadowExample:
    return ShadowExample(
        at=row.at,
        person_name=name_of(row.person_id),
        assistant=row.assistant,
        tool=row.action.rpartition("::")[2],
        before_rules=list(before.rules),
        after_rules=list(after.rules),
    )

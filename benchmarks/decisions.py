"""What a decision costs: 200 policies, 10,000 people and assistants to decide about.

``python benchmarks/decisions.py --json`` ends with one line of JSON:

- `p50_ms`, `p99_ms`: one decision about a person, an assistant and a tool drawn at random, so that seldom one of them
  was seen before; `p99_cpu_ms` is its processor time, which others at work on the machine do not lengthen;
- `doorway_cpu_ms`: processor time of the check of one tool call of somebody new: arguments parsed, facts read from the
  shop, each argument looked for in what was said and read, and the decision;
- `rights_ms`: "what may this person do?" in an organisation of 1,000 people, 200 teams and 100 assistants;
- `unequal`: of 10,000 decisions asked one by one, about people of every role, those that differ from what it said.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

import yaml
from typing_extensions import override

from jindou.agents.assistants import Assistants
from jindou.agents.decisions import Decisions, Proposal
from jindou.agents.tools import Asked, Doorway, actions_of
from jindou.assembly import Platform, assemble, installed_packs
from jindou.db import Work
from jindou.home import Home
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Person, Principal
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest
from jindou.models.gateway import stands_in
from jindou.models.serving import HeldModels
from jindou.settings import load_settings

MODEL = "qwen2.5-coder-0.5b"
POLICIES = 200
ENTITIES = 10_000
PEOPLE = 1000
TEAMS = 200
ASSISTANTS = 100
ONE_BY_ONE = 10_000
PACK = "ecommerce"
ORDER = "SO-10962"
ADDRESS = "12 Hengshan Road, Shanghai"


class Silent(Engine):
    """An engine that nobody asks."""

    @override
    def start(self) -> None:
        """It is there."""

    @override
    def stop(self) -> None:
        """It holds nothing."""

    @override
    def health(self) -> EngineHealth:
        """Return that it is ready."""
        return EngineHealth(state="ready", model=MODEL)

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        """Yield nothing."""
        yield from ()


def main() -> None:
    """Measure, and end with the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--decisions", type=int, default=5000)
    asked = parser.parse_args()
    chance = random.Random(7)  # noqa: S311 - whom to ask about, not a secret
    with tempfile.TemporaryDirectory() as folder, _platform(Path(folder)) as platform:
        policy = _policy(platform)
        doorway = Doorway(policy, {name: pack.tools for name, pack in platform.packs.items()}, platform.secrets)
        assistants = Assistants(_assistants(Path(folder) / "assistants"))
        took = list(_decisions(policy, chance, asked.decisions))
        walls, works = (sorted(column) for column in zip(*took, strict=True))
        doorway_cpu = _doorway(platform, doorway, assistants)
        rights, unequal = _rights(platform, policy, doorway, assistants)
        figures = {
            "p50_ms": _figure(median(walls), "<= 0.5"),
            "p99_ms": _figure(walls[int(len(walls) * 0.99)], "<= 5"),
            "p99_cpu_ms": _figure(works[int(len(works) * 0.99)], "<= 5"),
            "doorway_cpu_ms": _figure(doorway_cpu, "<= 3"),
            "rights_ms": _figure(rights, "<= 200"),
            "unequal": {"value": unequal, "unit": "decisions", "reach": "0", "against": f"{ONE_BY_ONE} one by one"},
        }
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; {figure['against']})")


def _figure(value: float, reach: str) -> dict[str, object]:
    return {"value": round(value, 3), "unit": "ms", "reach": reach, "against": f"{POLICIES} policies"}


def _decisions(policy: Policy, chance: random.Random, count: int) -> Generator[tuple[float, float]]:
    """Yield what each decision took, in milliseconds: by the clock, and of the processor."""
    tools = ["get_order", "refund_order", "change_address", "draft_reply", "check_stock"]
    who = [_somebody(n, chance) for n in range(ENTITIES - ASSISTANTS)]
    assistants = [Resource("Assistant", f"assistant-{n}", tools) for n in range(ASSISTANTS)]
    for _ in range(count):
        tool = chance.choice(tools)
        context = {
            "approved": False,
            "tool": tool,
            "level": "rules",
            "undo": False,
            "origins": {"order_id": "person", "address": chance.choice(["person", "tool"])},
            "facts": {"refunded_total": chance.randrange(100_000_000), "shipped": False},
        }
        person, assistant = chance.choice(who), chance.choice(assistants)
        began, worked = time.perf_counter(), time.thread_time()
        policy.decide(person, f"{PACK}::{tool}", assistant, context)
        yield (time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000


def _somebody(n: int, chance: random.Random) -> Principal:
    roles = ("clerk", f"team-{chance.randrange(TEAMS)}", f"team-{chance.randrange(TEAMS)}")
    told = {"handle": f"p{n}", "name": f"P {n}", "language": "en", "actor": f"prs_{n}"}
    return Principal(org_id="org_1", person_id=f"prs_{n}", roles=roles, **told)


def _doorway(platform: Platform, doorway: Doorway, assistants: Assistants) -> float:
    said = f"The customer of {ORDER} has moved. " * 5 + f"Change the address to {ADDRESS}."
    read = [f"{said} {n}" for n in range(40)]
    arguments = {"order_id": ORDER, "address": ADDRESS}
    chance = random.Random(1)  # noqa: S311 - as above
    # Somebody new each time, so that no answer is known from before.
    people = (_somebody(n, chance).model_copy(update={"roles": ("clerk",)}) for n in count(1))

    def check() -> None:
        who = next(people)
        origins = {
            name: "person" if stands_in(value, said) or any(stands_in(value, text) for text in read) else "model"
            for name, value in arguments.items()
        }
        assistant, now = assistants.get("assistant-1"), platform.database.clock.now()
        checked = doorway.check(Asked(who, assistant, "change_address", arguments, "run:stp", now, origins=origins))
        if checked.problem is not None or not checked.facts:
            raise RuntimeError(checked.problem)

    return _each(check, 500, time.process_time)


def _rights(platform: Platform, policy: Policy, doorway: Doorway, assistants: Assistants) -> tuple[float, int]:
    chance = random.Random(9)  # noqa: S311 - as above
    with platform.database.writing(None) as work:
        org_id = platform.principals.organisation(work)
    with platform.database.writing(org_id) as work:
        for n in range(PEOPLE):
            one = _somebody(n, chance)
            made = Person(id="", handle=one.handle, name=one.name, title={}, roles=list(one.roles), language="en")
            platform.principals.create_person(work, org_id, made)
    decisions = Decisions(policy, doorway, platform.approvals, assistants=assistants, principals=platform.principals)
    with platform.database.reading(org_id) as work:
        manager = platform.principals.principal(work, org_id, platform.principals.find(work, "manager").id)
        people = iter(f"p{n}" for n in range(PEOPLE))
        took = _each(lambda: decisions.rights(work, manager, next(people)), 10, time.perf_counter)
        return took, _unequal(platform, decisions, work)


def _unequal(platform: Platform, decisions: Decisions, work: Work) -> int:
    """Hold what is said of a person's rights against each call asked about by itself, until there were 10,000."""
    asked = unequal = 0
    handles = ["clerk", "manager", "finance", "warehouse", *(f"p{n}" for n in range(PEOPLE))]
    for handle in handles:
        who = platform.principals.principal(work, work.org_id or "", platform.principals.find(work, handle).id)
        for right in decisions.rights(work, who, handle).tools:
            answer = decisions.explain(work, who, Proposal(assistant=right.assistant, tool=right.tool))
            unequal += (answer.verb, answer.rules) != (right.verb, right.rules)
            asked += 1
            if asked == ONE_BY_ONE:
                return unequal
    raise RuntimeError(asked)


def _each(act: Callable[[], object], count: int, clock: Callable[[], float]) -> float:
    act()
    took: list[float] = []
    for _ in range(count):
        began = clock()
        act()
        took.append((clock() - began) * 1000)
    return median(took)


def _policy(platform: Platform) -> Policy:
    packs = {pack.name: pack for pack in installed_packs()}
    actions = actions_of(PACK, platform.packs[PACK].tools, packs[PACK].actions)
    sources = {PACK: (packs[PACK].folder / "policy.cedar").read_text(encoding="utf-8")}
    there = len(Policy(sources, actions).rules)
    sources["teams"] = "\n".join(_guardrail(n) for n in range(POLICIES - there))
    return Policy(sources, actions)


def _guardrail(n: int) -> str:
    notes = f'@id("teams.limit-{n}") @reason_en("Team {n} has a limit.") @reason_zh("{n} 组有限额。")'
    scope = f'principal in Role::"team-{n}", action == Action::"{PACK}::refund_order", resource'
    limit = f"context has facts && context.facts.refunded_total > {10_000_000 + n}"
    return f"{notes}\nforbid ({scope}) when {{ {limit} }} unless {{ context.approved }};"


def _assistants(folder: Path) -> list[tuple[str, Path]]:
    ours = next(pack for pack in installed_packs() if pack.name == PACK).folder / "assistants" / "after_sales"
    told = yaml.safe_load((ours / "assistant.yaml").read_text(encoding="utf-8"))
    made: list[tuple[str, Path]] = []
    for n in range(ASSISTANTS):
        of = folder / f"assistant-{n}"
        of.mkdir(parents=True)
        (of / "assistant.yaml").write_text(yaml.safe_dump({**told, "slug": of.name}), encoding="utf-8")
        (of / "instructions.md").write_text("Help.", encoding="utf-8")
        made.append((PACK, of))
    return made


@contextmanager
def _platform(folder: Path) -> Generator[Platform]:
    home = Home(folder)
    home.prepare()
    platform = assemble(load_settings(home=folder), home, HeldModels({MODEL: Silent()}), MODEL)
    try:
        yield platform
    finally:
        platform.runner.stop()
        for pack in platform.packs.values():
            pack.close()
        platform.database.close()


if __name__ == "__main__":
    main()

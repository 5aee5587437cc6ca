"""Tests of rules, as they stand in YAML files next to them."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml
from pydantic import ValidationError
from typing_extensions import override

from jindou.agents.decisions import Decisions
from jindou.agents.policies.types import PolicyTrial, Trial
from jindou.db import Work
from jindou.errors import Invalid, NotFound
from jindou.identity.policy import Patience
from jindou.identity.principals import Principal, Principals
from jindou.wording import field_of, told_of

__all__ = ["read_trials", "run_trial"]

_MOST_TRIALS = 200
_MOST_DEPTH = 32


def read_trials(files: Mapping[str, str], patience: Patience) -> list[tuple[str, Trial]]:
    """Return every test with the file it stands in.

    Raises:
        Invalid: a file is no list of tests, or there are too many; or it takes too long.
    """
    texts = [(name, text) for name, text in files.items() if name.endswith(".yaml")]
    found = [(name, trial) for name, text in texts for trial in _trials(name, text, patience)]
    if len(found) > _MOST_TRIALS:
        raise Invalid(f"There are more than {_MOST_TRIALS} tests.", field="files", rule=f"at most {_MOST_TRIALS}")
    return found


def run_trial(
    work: Work, org_id: str, decisions: Decisions, principals: Principals, of: tuple[str, Trial]
) -> PolicyTrial:
    """Ask what a test asks, and hold the answer against what it expects."""
    file, trial = of
    told = PolicyTrial(
        file=file, name=trial.name or trial.tool, passed=False, expected=trial.expect, verb=None, rules=[]
    )
    try:
        decision = decisions.decide(work, _person(work, org_id, principals, trial), trial, trial.facts)
    except (NotFound, Invalid) as error:
        return told.model_copy(update={"problem": error.message})
    rules = [rule.id for rule in decision.rules]
    passed = decision.verb == trial.expect and (trial.rule is None or trial.rule in rules)
    return told.model_copy(update={"passed": passed, "verb": decision.verb, "rules": rules})


def _person(work: Work, org_id: str, principals: Principals, trial: Trial) -> Principal:
    if trial.principal is not None:
        return principals.principal(work, org_id, principals.find(work, trial.principal).id)
    return Principal(
        org_id=org_id,
        person_id="anybody",
        handle="anybody",
        name="Anybody",
        roles=tuple(trial.roles or ()),
        language="en",
        actor="anybody",
    )


def _trials(name: str, text: str, patience: Patience) -> Iterator[Trial]:
    content = _content(name, text, patience)
    if not isinstance(content, list):
        raise Invalid(f"{name} is no list of tests.", field="files", rule="a list of tests")
    for n, told in enumerate(cast("list[object]", content), 1):
        try:
            yield Trial.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            wrong = told_of(first, field_of(first), "it")
            raise Invalid(f"{name}, test {n}: {wrong}", field="files", rule="a test") from None


def _content(name: str, text: str, patience: Patience) -> Any:
    loader = _Plain(name, text, patience)
    try:
        return loader.get_single_data()
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        raise Invalid(f"{name} can't be read: {problem}.", field="files", rule="YAML") from None
    finally:
        loader.dispose()


class _Plain(yaml.SafeLoader):
    """Reads a file of tests, for as long as there is patience; without what grows as it is read.

    Raises:
        Invalid: what is written once is meant many times, there are too many lists in lists, or it takes too long.
    """

    def __init__(self, name: str, text: str, patience: Patience) -> None:
        super().__init__(text)
        self._file = name
        self._patience = patience
        self._depth = 0

    @override
    def fetch_more_tokens(self) -> None:
        self._patience.require(self._file)
        super().fetch_more_tokens()

    @override
    def fetch_alias(self) -> None:
        raise self._wrong("uses an anchor or an alias", "plain YAML")

    @override
    def fetch_anchor(self) -> None:
        raise self._wrong("uses an anchor or an alias", "plain YAML")

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self._wrong("has lists in lists too deep", f"at most {_MOST_DEPTH} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _wrong(self, told: str, rule: str) -> Invalid:
        return Invalid(f"{self._file} {told}.", field="files", rule=rule)

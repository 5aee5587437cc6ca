"""No tool runs but through the doorway: decided first, told little, executed under its key."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from jindou.agents.assistants import Assistant
from jindou.agents.assistants.types import Limits
from jindou.agents.tools import Asked, Call, Change, Doorway, Facts, ToolError, actions_of, tool
from jindou.cloud.secrets import Secrets, open_keys
from jindou.errors import Forbidden, Invalid
from jindou.identity.audit import Audit
from jindou.identity.policy import Policy
from jindou.identity.principals import Principal
from support.ground import open_database

CEDAR = """
@id("shop.clerk-may") @reason_en("Clerks may.") @reason_zh("可以。")
permit (principal in Role::"clerk", action in [Action::"shop::pay", Action::"shop::see"], resource);

@id("shop.limit") @reason_en("Too much.") @reason_zh("太多。")
forbid (principal, action == Action::"shop::pay", resource)
when { context has facts && context.facts.amount > 50 } unless { context.approved };

@id("shop.to-outside") @reason_en("Who said so?") @reason_zh("谁说的？")
forbid (principal, action == Action::"shop::pay", resource)
when { context.origins has to && ["tool", "model"].contains(context.origins.to) } unless { context.approved };

@id("shop.never-seven") @reason_en("Never seven.") @reason_zh("不能是七。")
forbid (principal, action == Action::"shop::pay", resource) when { context has facts && context.facts.amount == 7 };
"""


class Paid(BaseModel):
    amount: int
    note: str | None = None


class Till:
    """A tool of the test's own, which keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.saw: list[bool] = []

    def pay(self, call: Call, amount: int, to: str = "Anna") -> Paid:
        """Pay an amount.

        Only the first paragraph is the model's.
        """
        if to == "nobody":
            raise ToolError("There is nobody of that name.")
        self.calls.append(call)
        return Paid(amount=amount)

    def facts(self, call: Call, amount: int, **_: object) -> Facts:
        self.saw.append(call.may("see"))
        if amount == 13:
            raise ToolError("The account of Mrs Secret is closed.")
        return {"amount": amount}

    def preview(self, _call: Call, amount: int, to: str = "Anna") -> list[Change]:
        return [Change(label={"en": to, "zh": to}, before="0", after=str(amount))]


TILL = Till()
PAY = tool(
    TILL.pay,
    risk="money",
    title={"en": "Pay", "zh": "付款"},
    facts=TILL.facts,
    facts_type={"amount": int},
    preview=TILL.preview,
)
ASSISTANT = Assistant(
    slug="desk",
    pack="shop",
    title={},
    description={},
    tools=["pay"],
    examples=[],
    limits=Limits(),
    instructions="",
    version="1",
)


@pytest.fixture(scope="module")
def doorway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Doorway]:
    folder = tmp_path_factory.mktemp("vault")
    policy = Policy({"shop": CEDAR}, actions_of("shop", [PAY], ["see"]))
    with open_database(folder) as database:
        secrets = Secrets(open_keys(folder / "vault.key", "", ""), database, policy, Audit(folder / "heads", policy))
        yield Doorway(policy, {"shop": [PAY]}, secrets)


def asked(arguments: Mapping[str, object], *roles: str, name: str = "pay") -> Asked:
    who = Principal(
        org_id="org_1", person_id="prs_1", handle="p", name="Pia", roles=roles, language="en", actor="prs_1"
    )
    now = datetime(2026, 3, 2, tzinfo=UTC)
    return Asked(who=who, assistant=ASSISTANT, name=name, arguments=arguments, key="run_1:stp_1", now=now)


def test_an_allowed_call_runs_with_its_key_and_its_person(doorway: Doorway) -> None:
    checked = doorway.check(asked({"amount": 50}, "clerk"))
    assert (checked.decision.verb, checked.problem) == ("allow", None)
    assert doorway.execute(checked) == {"amount": 50}
    made = TILL.calls[-1]
    assert (made.key, made.org_id, made.person_id, made.person_name) == ("run_1:stp_1", "org_1", "prs_1", "Pia")
    assert made.may("see")
    assert not made.may("unheard-of")


def test_a_call_that_needs_approval_asks_and_runs_once_approved(doorway: Doorway) -> None:
    wanted = asked({"amount": 51}, "clerk")
    checked = doorway.check(wanted)
    assert (checked.decision.verb, [rule.id for rule in checked.decision.rules]) == ("ask", ["shop.limit"])
    assert doorway.preview(checked) == [Change(label={"en": "Anna", "zh": "Anna"}, before="0", after="51")]
    with pytest.raises(Forbidden):
        doorway.execute(checked)
    assert doorway.execute(doorway.check(wanted, approved=True)) == {"amount": 51}


@pytest.mark.parametrize("arguments", [{"amount": 1}, {"amount": "many"}, {}, {"amount": 13}, {"x": 1}])
def test_who_has_no_right_hears_of_the_rule_whatever_the_arguments_are(
    doorway: Doorway, arguments: dict[str, object]
) -> None:
    for approved in (False, True):
        checked = doorway.check(asked(arguments), approved=approved)
        assert (checked.decision.verb, checked.decision.rules[0].id) == ("deny", "jindou.default-deny")
        with pytest.raises(Forbidden) as refused:
            doorway.execute(checked)
        assert "Secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"amount": "many"}, "`amount`: must be a whole number"),
        ({}, "`amount`: must be given"),
        ({"amount": 1, "colour": "red"}, "`colour`: there is no such argument"),
        ({"amount": None}, "`amount`"),
        ({"amount": 13}, "The account of Mrs Secret is closed."),
    ],
)
def test_wrong_arguments_are_a_text_for_the_model_and_nothing_is_executed(
    doorway: Doorway, arguments: dict[str, object], told: str
) -> None:
    before = len(TILL.calls)
    checked = doorway.check(asked(arguments, "clerk"))
    assert checked.problem is not None
    assert told in checked.problem
    with pytest.raises(ToolError):
        doorway.execute(checked)
    assert len(TILL.calls) == before


@pytest.mark.parametrize(
    ("source", "verb"), [("person", "allow"), ("record", "allow"), ("tool", "ask"), ("model", "ask"), (None, "ask")]
)
def test_where_an_argument_comes_from_decides_too(doorway: Doorway, source: str | None, verb: str) -> None:
    wanted = asked({"amount": 1, "to": "Anna"}, "clerk")
    checked = doorway.check(replace(wanted, origins={"to": source} if source else {}))
    assert checked.decision.verb == verb
    assert doorway.check(wanted, approved=True).decision.verb == "allow"


def test_who_has_no_right_does_not_learn_from_the_rules_what_the_facts_are(doorway: Doorway) -> None:
    told = {rule.id for rule in doorway.check(asked({"amount": 7})).decision.rules}
    assert told == {"jindou.default-deny"}
    known = {rule.id for rule in doorway.check(asked({"amount": 7}, "clerk")).decision.rules}
    assert known == {"shop.never-seven"}


def test_a_tool_that_can_not_do_it_says_so_to_the_model(doorway: Doorway) -> None:
    with pytest.raises(ToolError, match="nobody of that name"):
        doorway.execute(doorway.check(replace(asked({"amount": 1, "to": "nobody"}, "clerk"), origins={"to": "person"})))


def test_an_unknown_tool_is_told_with_those_there_are(doorway: Doorway) -> None:
    with pytest.raises(ToolError, match=r"no tool steal. Use one of: pay\."):
        doorway.check(asked({}, "clerk", name="steal"))


def test_a_tool_the_assistant_was_not_granted_is_refused(doorway: Doorway) -> None:
    other = replace(asked({"amount": 1}, "clerk"), assistant=ASSISTANT.model_copy(update={"tools": []}))
    decision = doorway.check(other, approved=True).decision
    assert (decision.verb, decision.rules[0].id) == ("deny", "jindou.assistant-grant")


def test_the_hash_is_of_the_meaning_of_the_arguments_and_not_of_their_form(doorway: Doorway) -> None:
    one, same, other = (
        doorway.check(asked(arguments, "clerk")).arguments_hash
        for arguments in ({"amount": 5, "to": "Anna"}, {"amount": "5"}, {"amount": 6})
    )
    assert one == same != other


def test_an_assistant_that_names_a_tool_its_pack_has_not_is_found_at_once(doorway: Doorway) -> None:
    with pytest.raises(Invalid, match="fly"):
        doorway.tools_of(ASSISTANT.model_copy(update={"tools": ["pay", "fly"]}))


def test_a_tool_is_described_by_its_signature_and_first_paragraph() -> None:
    assert (PAY.name, PAY.description) == ("pay", "Pay an amount.")
    assert PAY.schema() == {
        "type": "object",
        "additionalProperties": False,
        "properties": {"amount": {"type": "integer"}, "to": {"type": "string", "default": "Anna"}},
        "required": ["amount"],
    }

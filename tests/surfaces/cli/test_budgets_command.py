import re
from collections.abc import Callable
from typing import Any

import pytest

from jindou.errors import Invalid
from jindou.surfaces.amounts import micro_of, share_of
from support.platform import MODEL

Run = Callable[..., Any]


def test_a_budget_is_set_with_money_as_people_write_it(here: Run) -> None:
    limits = ("--monthly", "50", "--warn", "80%", "--rpm", "60", "--tpm", "20,000")
    made = here("budgets", "create", "--person", "clerk", *limits, "--json").json
    assert (made["monthly_micro"], made["warn_share"], made["rpm"], made["tpm"]) == (50_000_000, 0.8, 60, 20_000)
    shown = here("budgets", "show", made["id"]).out
    assert "Lena Vogel" in shown
    assert re.search(r"spent [\d.]+ CNY, held 0.00 CNY of 50.00 CNY; left [\d.]+ CNY until \d{4}-\d\d-01", shown)
    listed = here("budgets", "list", "--as", "clerk").out
    assert made["id"] in listed
    assert re.search(r"0 of 60\s+0 of 20,000\s+Lena Vogel", listed)
    changed = here("budgets", "update", made["id"], "--monthly", "0.25", "--rpm", "none", "--json").json
    assert (changed["monthly_micro"], changed["rpm"], changed["tpm"]) == (250_000, None, 20_000)
    assert here("budgets", "delete", made["id"]).out == f"{made['id']}: deleted\n"
    assert here("budgets", "show", made["id"]).code == 6


def test_who_a_budget_is_for_is_said_once(here: Run) -> None:
    for whom in ((), ("--organisation", "--person", "clerk")):
        ended = here("budgets", "create", *whom, "--rpm", "1")
        assert (ended.code, ended.out) == (2, "")
        assert "one of --organisation, --person, --assistant, --key" in ended.err
    unknown = here("budgets", "create", "--person", "ceo", "--rpm", "1")
    assert unknown.code == 6
    assert "clerk, warehouse, manager, finance" in unknown.err
    refused = here("budgets", "create", "--organisation", "--rpm", "1", "--as", "clerk")
    assert refused.code == 5


@pytest.mark.parametrize(
    "wrong", [("--monthly", "fifty"), ("--warn", "0%"), ("--warn", "0.8"), ("--rpm", "1.5"), ("--tpm", "-1")]
)
def test_what_is_no_number_is_named(here: Run, wrong: tuple[str, str]) -> None:
    ended = here("budgets", "create", "--organisation", f"{wrong[0]}={wrong[1]}")
    assert ended.code == 2
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "micro"), [("50", 50_000_000), ("0.000001", 1), ("1,250.50", 1_250_500_000), (" 0 ", 0)]
)
def test_an_amount_is_read_to_the_micro_unit(text: str, micro: int) -> None:
    assert micro_of(text, "monthly") == micro


@pytest.mark.parametrize("text", ["", "-1", "1e3", "0.0000001", "1,25", "99999999999", "٥", "NaN", "1.2.3"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        micro_of(text, "monthly")


def test_a_share_is_a_percentage() -> None:
    assert [share_of(text, "warn") for text in ("80%", "12.5 %", "100%")] == [0.8, 0.125, 1.0]
    for wrong in ("80", "0%", "101%", "x%", ""):
        with pytest.raises(Invalid):
            share_of(wrong, "warn")


def test_a_key_for_a_model_that_is_not_there_is_refused_with_those_that_are(here: Run) -> None:
    refused = here("keys", "create", "robot", "--model", "nope")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert re.fullmatch(f"Error: There is no model `nope` here; there is .*`{MODEL}`.*\n", refused.err)
    assert here("keys", "create", "robot", "--model", MODEL).code == 0


def test_a_key_is_made_for_some_requests(here: Run) -> None:
    made = here("keys", "create", "robot", "--scope", "models", "--scope", "completions", "--assistant", "robot")
    assert made.out.startswith("jdk_")
    key = here("keys", "list", "--json").json[0]
    assert (key["scopes"], key["assistant"]) == (["completions", "models"], "robot")
    assert "completions, models · as robot" in here("keys", "show", key["id"]).out
    assert here("keys", "create", "robot", "--scope", "all").code == 2


def test_people_are_listed(here: Run) -> None:
    shown = here("principals", "list").out
    assert "Lena Vogel" in shown
    assert [person["handle"] for person in here("principals", "list", "--json").json][:1] == ["clerk"]


def test_a_call_that_is_not_there_can_not_be_settled(here: Run) -> None:
    assert here("usage", "unsettled", "--json").json == []
    figures = ("--input", "10", "--output", "1", "--reason", "The log.")
    assert here("usage", "reconcile", "att_none", *figures).code == 6
    assert here("usage", "reconcile", "att_none", *figures, "--as", "clerk").code == 5
    assert here("usage", "reconcile", "att_none", "--input", "10").code == 2

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]

RULE = """@id("lamps.ask-first")
@reason_en("Refunds wait for a manager.")
@reason_zh("退款须主管批准。")
forbid (principal in Role::"clerk", action == Action::"ecommerce::refund_order", resource)
unless { context.approved };
"""
TEST = """
- name: waits
  roles: [clerk]
  assistant: after-sales
  tool: refund_order
  facts: {refunded_total: 1}
  expect: %s
"""


def test_rules_in_a_folder_go_into_force_and_back(here: Run, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "refunds.cedar").write_text(RULE, encoding="utf-8")
    (folder / "tests.yaml").write_text(TEST % "deny")
    wrong = here("policies", "check", str(folder))
    assert (wrong.code, "FAILED: waits: ask [lamps.ask-first], not deny" in wrong.out) == (1, True)
    assert here("policies", "push", str(folder)).code == 2
    (folder / "tests.yaml").write_text(TEST % "ask")
    assert "Good: 1 rule, 1 test, 1 change." in here("policies", "check", str(folder)).out
    assert "added lamps.ask-first: narrows" in here("policies", "diff", str(folder)).out
    number = here("policies", "push", str(folder), "--note", "Ask first", "--json").json["number"]
    assert "calls since" in here("policies", "shadow", str(number)).out
    assert f"Version {number} is in force" in here("policies", "activate", str(number), "--over", "0").out
    assert (
        "ask: Refunds wait for a manager."
        in here("policy", "explain", "after-sales", "refund_order", "--as", "clerk").out
    )
    assert "in force" in here("policies", "list").out
    assert "Nothing differs." in here("policies", "diff", str(folder)).out
    in_chinese = ("policy", "explain", "after-sales", "refund_order", "--as", "clerk", "--language", "zh")
    assert "需审批：退款须主管批准。" in here(*in_chinese).out
    assert here("policies", "show", str(number)).out == f"==> refunds.cedar\n{RULE}==> tests.yaml\n{TEST % 'ask'}"
    assert here("policies", "activate", str(number), "--over", "0").code == 7
    assert here("policies", "rollback").out == "No rules of your own are in force.\n"


def test_what_is_no_folder_of_rules_is_told(here: Run, tmp_path: Path) -> None:
    assert here("policies", "check", str(tmp_path / "nowhere")).code == 2
    empty = here("policies", "check", str(tmp_path))
    assert (empty.code, empty.err) == (2, f"Error: {tmp_path} has no rules in it.\n")
    (tmp_path / "a.cedar").write_bytes(b"\xff")
    assert here("policies", "check", str(tmp_path)).code == 2
    assert here("policies", "list", "--as", "clerk").code == 5

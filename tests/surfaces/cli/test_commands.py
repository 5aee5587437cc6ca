import io
import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from jindou.assembly import Platform
from jindou.identity.audit.tables import AuditEventRow
from jindou.telemetry import SystemClock
from jindou_client import Client

Run = Callable[..., Any]
WAITING = 20


def waiting_refund(here: Run, order: str) -> tuple[str, str]:
    """Ask for a refund that a manager must approve; return run and approval."""
    asked = here("ask", "--as", "clerk", f"refund 120 for {order}", "--json")
    assert asked.code == WAITING
    return asked.json["id"], asked.json["journal"][-1]["approval_id"]


def test_the_version_is_told(jindou: Run) -> None:
    assert re.fullmatch(r"jindou \d+\.\d+\.\d+\n", jindou("version").out)
    assert jindou("version", "--json").json.keys() == {"version"}


@pytest.mark.parametrize("command", [["bill"], ["ask", "--as", "clerk", "hello"], ["sign-in", "--as", "clerk"]])
def test_without_a_server_a_command_says_how_to_start_one(jindou: Run, tmp_path: Path, command: list[str]) -> None:
    ended = jindou(*command, "--home", str(tmp_path))
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == f"Error: Jindou is not running here (home {tmp_path}). Start it with `jindou up`.\n"


def test_a_server_that_was_killed_is_not_running(jindou: Run, tmp_path: Path) -> None:
    for folder in ("run", "secrets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "run" / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:9", "pid": 1}))
    (tmp_path / "secrets" / "operator.key").write_text("0" * 64)
    ended = jindou("bill", "--home", str(tmp_path))
    assert ended.code == 3
    assert "not running here" in ended.err


def test_a_setting_that_breaks_its_rule_is_named_in_one_line(jindou: Run, tmp_path: Path) -> None:
    (tmp_path / "jindou.toml").write_text("port = 99999\n")
    ended = jindou("bill", "--home", str(tmp_path))
    assert ended.code == 2
    assert ended.err.startswith("Error: Setting `port`")
    assert ended.err.count("\n") == 1


def test_an_answer_goes_to_stdout_and_what_was_done_to_stderr(here: Run) -> None:
    ended = here("ask", "--as", "clerk", "hello")
    assert (ended.code, ended.out) == (0, "Good morning.\n")
    assert re.search(r"✓ Think · \d+\.\d s · \d\.\d+ CNY\n✓ done · \d\.\d+ CNY · \d+\.\d s\n", ended.err)
    assert "\x1b" not in ended.err


def test_a_refund_over_the_limit_waits_shows_its_diff_and_goes_on_when_it_is_approved(here: Run) -> None:
    asked = here("ask", "--as", "clerk", "refund 120 for SO-10007")
    assert (asked.code, asked.out) == (WAITING, "")
    assert "Refunded on SO-10007: 0.00 CNY → 120.00 CNY" in asked.err
    assert "Rule ecommerce.clerk-refund-limit: Customer service may refund" in asked.err
    told = re.search(r"jindou (approvals decide apr_\w+ --as manager --approve) --home", asked.err)
    watch = re.search(r"jindou (runs watch run_\w+ --as clerk) --home", asked.err)
    assert told
    assert watch
    decided = here(*told[1].split())
    assert (decided.code, decided.out.split(": ")[1]) == (0, "approved\n")
    watched = here(*watch[1].split())
    assert (watched.code, watched.out) == (0, "The money is on its way.\n")
    assert "approved by Marta Lindqvist" in watched.err


def test_a_denial_needs_a_reason_which_the_one_who_asked_reads(here: Run) -> None:
    run, approval = waiting_refund(here, "SO-10234")
    assert here("approvals", "decide", approval, "--deny").code == 2
    assert here("approvals", "decide", approval).code == 2
    both = here("approvals", "decide", approval, "--approve", "--deny", "--reason", "Which?")
    assert (both.code, "Say either --approve, or --deny" in both.err) == (2, True)
    assert here("approvals", "decide", approval, "--deny", "--reason", "Too much.").code == 0
    watched = here("runs", "watch", run)
    assert "denied by Marta Lindqvist: Too much." in watched.err
    again = here("approvals", "decide", approval, "--approve")
    assert again.code == 7


def test_nobody_approves_their_own_request_and_the_rule_is_named(here: Run) -> None:
    _, approval = waiting_refund(here, "SO-10518")
    refused = here("approvals", "decide", approval, "--as", "clerk", "--approve")
    assert refused.code == 5
    assert refused.err.count("jindou.no-self-approval") == 1
    assert refused.err.count("\n") == 1


def test_a_refusal_names_its_rule_in_the_persons_language(here: Run) -> None:
    ended = here("ask", "--as", "warehouse", "refund 10 for SO-10007")
    assert ended.code == 5
    assert "规则 ecommerce.warehouse-no-money：" in ended.err
    in_english = here("ask", "--as", "warehouse", "refund 10 for SO-10007", "--language", "en")
    assert "Rule ecommerce.warehouse-no-money: The warehouse may not move money." in in_english.err


def test_a_run_that_waits_is_cancelled_and_ends_with_its_own_code(here: Run) -> None:
    run, approval = waiting_refund(here, "SO-10120")
    assert here("runs", "cancel", run).out == f"{run}: cancelled\n"
    assert here("runs", "watch", run).code == 11
    assert here("approvals", "show", approval, "--json").json["status"] == "withdrawn"


def test_a_run_is_shown_with_every_step_and_what_it_waits_for(here: Run) -> None:
    run, approval = waiting_refund(here, "SO-10871")
    shown = here("runs", "show", run).out
    assert "Lena Vogel asked After-sales: refund 120 for SO-10871" in shown
    assert "order_id=SO-10871" in shown
    assert approval in shown
    assert here("runs", "show", run, "--json").json["status"] == "waiting"
    assert here("approvals", "list", "--status", "waiting", "--json").json[0]["id"] == approval
    assert "Refunded on SO-10871: 0.00 CNY → 120.00 CNY" in here("approvals", "list").out
    assert run in here("runs", "list").out


def test_events_come_one_a_line_as_json(here: Run) -> None:
    run = here("ask", "--as", "clerk", "hello", "--json").json["id"]
    watched = here("runs", "watch", run, "--json")
    events = [json.loads(line) for line in watched.out.splitlines()]
    assert events[0]["type"] == "run.started"
    assert events[-1]["type"] == "run.finished"
    assert watched.err == ""


def test_an_answer_can_not_command_the_terminal(here: Run) -> None:
    ended = here("ask", "--as", "clerk", "escape")
    assert ended.out.endswith("]0;there\n")
    assert "\x1b" not in ended.out
    assert "\x1b" not in here("conversations", "list").out


def test_a_conversation_is_gone_on_with_and_shown(here: Run) -> None:
    first = here("ask", "--as", "clerk", "good day", "--json").json
    second = here("ask", "--as", "clerk", "hello again", "--conversation", first["conversation_id"], "--json").json
    assert second["conversation_id"] == first["conversation_id"]
    shown = here("conversations", "show", first["conversation_id"]).out
    assert shown.index("good day") < shown.index("hello again")
    assert shown.count("After-sales: Good morning.") == 2


def test_the_bill_adds_up_and_has_two_names(here: Run) -> None:
    here("ask", "--as", "clerk", "hello")
    bill = here("bill", "--json").json
    for group in ("by_sku", "by_person", "by_assistant", "by_day"):
        assert sum(line["cost"]["micro"] for line in bill[group]) == bill["total"]["micro"] > 0
    shown = here("usage", "show").out
    assert re.search(r"Total \d+\.\d+ CNY for \d+ model and tool calls", shown)
    assert "model:qwen2.5-coder-0.5b" in shown
    assert "\nAfter-sales " in shown
    assert "\n售后" in here("bill", "--language", "zh").out


def test_the_rules_explain_a_call_and_hold_two_people_against_each_other(here: Run) -> None:
    call = ("policy", "explain", "after-sales", "change_address", "--person", "clerk")
    arguments = '{"order_id": "SO-10962", "address": "12 Hengshan Road"}'
    asks = here(*call, "--arguments", arguments, "--origin", "address=tool").out
    assert asks.startswith("ask: The new address stands neither")
    assert "rules: ecommerce.address-from-outside" in asks
    assert (
        here(*call, "--arguments", arguments, "--task", "send it to 12 Hengshan Road", "--json").json["verb"] == "allow"
    )
    assert here(*call, "--arguments", "[]").code == here(*call, "--origin", "address=god").code == 2
    shown = here("policy", "rights", "clerk", "--against", "warehouse").out
    assert re.search(r"refund_order +allow .*ask if ecommerce\.clerk-refund-limit.* +deny ", shown)


def test_who_may_not_see_the_audit_trail_is_told_the_rule(here: Run) -> None:
    assert here("audit", "list").code == 0
    assert "runs::start" in here("audit", "list", "--json").out
    refused = here("audit", "list", "--as", "clerk")
    assert refused.code == 5
    assert "jindou.default-deny" in refused.err


def test_a_changed_event_breaks_the_chain_and_is_named(here: Run, platform: Platform) -> None:
    assert here("audit", "verify").out.startswith("The chain holds: ")
    with platform.database.writing(None) as work:
        seq, was = 2, "allow"
        row = work.session.query(AuditEventRow).filter_by(seq=seq).one()
        was, row.decision = row.decision, "tampered"
    try:
        broken = here("audit", "verify")
        assert broken.code == 12
        assert "event 2 changed" in broken.out
        assert here("audit", "verify", "--json").json["ok"] is False
    finally:
        with platform.database.writing(None) as work:
            work.session.execute(update(AuditEventRow).where(AuditEventRow.seq == seq).values(decision=was))


def test_a_link_signs_a_person_in_once(here: Run, platform: Platform) -> None:
    link = here("sign-in", "--as", "clerk").out.strip()
    token = link.removeprefix(f"{platform.settings.url}/sign-in?token=")
    with platform.database.writing(None) as work:
        assert platform.sessions.peek(work, token).handle == "clerk"


def test_a_password_comes_from_stdin_and_accounts_are_listed_and_reset(
    here: Run, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pipe(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))

    old, new = "lanterns over the quiet harbour", "nine herons wade at low tide"
    token = here("sign-in", "--as", "finance").out.strip().partition("token=")[2]
    with platform.database.writing(None) as work:
        secret = platform.sessions.redeem(work, token)
    with Client(platform.settings.url, secret) as client:
        client.accounts.change_password(old)
        pipe(new, new)
        assert here("account", "password", "--as", "finance").code == 5
        pipe(old)
        assert here("account", "password", "--as", "finance").code == 2
        pipe(old, new)
        changed = here("account", "password", "--as", "finance")
        assert (changed.code, changed.out) == (0, "")
        opened = client.sessions.sign_in("finance", new)
    (shown,) = here("account", "show", "--as", "finance", "--json").json
    assert opened.person.id == shown["person_id"]
    assert here("accounts", "list", "--as", "clerk").code == 5
    assert re.search(r"finance .* none .* none .* 0 .* 0", here("accounts", "reset", shown["person_id"]).out)
    assert re.search(r"clerk .* none", here("accounts", "list").out)
    assert here("accounts", "reset", "prs_none").code == 6
    assert here("accounts", "rules").out == "A second factor is not required.\n"
    assert here("accounts", "rules", "--second-factor").code == 7, "The manager has none."
    assert here("accounts", "rules", "--no-second-factor", "--json").json == {"second_factor": False}
    assert here("accounts", "rules", "--no-second-factor", "--as", "clerk").code == 5


def test_sessions_are_listed_and_ended_and_the_glass_is_broken_with_a_reason(here: Run) -> None:
    reason = "Single sign-on is down"
    broken = here("break-glass", "--as", "finance", "--reason", reason)
    assert "/sign-in?token=" in broken.out
    assert reason in here("sessions", "emergencies").out
    assert here("sessions", "emergencies", "--as", "clerk").code == 5
    (own,) = [one for one in here("sessions", "list", "--json").json if one["current"]]
    assert (own["method"], own["actor"]) == ("operator", "operator")
    assert "this one" in here("sessions", "list").out
    assert here("sessions", "revoke", own["id"]).code == 6, "It ended with the command that listed it."
    assert here("sessions", "revoke").code == 2
    assert here("sessions", "revoke", "--all").out == "clerk is signed out everywhere.\n"


def test_people_and_assistants_are_shown_in_their_language(here: Run) -> None:
    assert "仓库管理员" in here("principals", "me", "--as", "warehouse").out
    assert "售后助手" in here("assistants", "list", "--language", "zh").out
    unknown = here("ask", "--as", "nobody", "hello")
    assert unknown.code == 6
    assert "clerk, warehouse, manager, finance" in unknown.err


def test_the_demo_data_is_made_anew_only_when_somebody_says_yes(here: Run) -> None:
    assert here("demo", "reset", "--yes").out.startswith("ecommerce: 500 customers, 1000 orders")


def test_bad_usage_ends_with_2(jindou: Run) -> None:
    for words in (["nonsense"], ["ask", "hello"], ["runs", "list", "--limit", "0"], ["bill", "--no-such-option"]):
        ended = jindou(*words)
        assert ended.code == 2, words
        assert "Traceback" not in ended.err


def test_many_are_decided_by_one_command_and_each_is_told(here: Run) -> None:
    first = waiting_refund(here, "SO-10234")[1]
    second = waiting_refund(here, "SO-10234")[1]
    ended = here("approvals", "decide", "--all-like", first, "--deny", "--reason", "no", "--json")
    assert ended.code == 0
    assert {first, second} <= {one["approval_id"] for one in ended.json}
    assert {one["status"] for one in ended.json} == {"denied"}
    again = here("approvals", "decide", first, second, "--approve")
    assert again.code == 1
    assert again.out.count("not decided") == again.out.count("can't be decided any more: it is denied") == 2
    mixed = here("approvals", "decide", first, "apr_missing", "--approve", "--json")
    assert (mixed.code, {one["code"] for one in mixed.json}) == (1, {"approval_decided", "not_found"})
    none = here("approvals", "decide", "--all-like", first, "--approve")
    assert (none.code, none.err) == (7, "Error: Nothing of that kind waits for a decision any more.\n")


def test_an_argument_is_changed_before_it_is_approved(here: Run) -> None:
    run, approval = waiting_refund(here, "SO-10234")
    wrong = here("approvals", "decide", approval, "--approve", "--change", "amount=-1")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    ended = here("approvals", "decide", approval, "--approve", "--change", "amount=60.5", "--json")
    assert (ended.json["arguments"]["amount"], ended.json["edited_by_name"]) == (60.5, "Marta Lindqvist")
    shown = here("approvals", "show", approval)
    assert "Marta Lindqvist changed the call" in shown.out
    assert "amount: set by who approved" in shown.out
    watched = here("runs", "watch", run)
    assert (watched.code, watched.err.count("→ 120.00 CNY"), watched.err.count("→ 60.50 CNY")) == (0, 1, 1)
    in_journal = here("runs", "show", run).out
    assert "approved by Marta Lindqvist" in in_journal
    assert re.search("Marta Lindqvist changed the call; asked was .*\n.*→ 60.50 CNY", in_journal)


def test_a_right_is_handed_on_listed_and_taken_back(here: Run) -> None:
    until = (SystemClock().now() + timedelta(days=30)).date().isoformat()
    made = here("approvals", "delegate", "warehouse", "--until", until, "--tool", "refund_order", "--json")
    assert (made.json["to_name"], made.json["is_active"]) == ("赵强", True)
    assert made.json["id"] in here("approvals", "delegations", "--as", "warehouse").out
    run, approval = waiting_refund(here, "SO-10234")
    assert here("approvals", "decide", approval, "--as", "warehouse", "--approve").code == 0
    assert "approved by 赵强 for Marta Lindqvist" in here("runs", "watch", run).err
    assert "approved by 赵强 for Marta Lindqvist" in here("runs", "show", run).out
    assert "赵强（代 Marta Lindqvist）：已批准" in here("runs", "show", run, "--language", "zh").out
    assert here("approvals", "revoke", made.json["id"]).out == f"{made.json['id']}: revoked\n"
    assert here("approvals", "delegate", "manager", "--until", until, "--as", "clerk").code == 5


def test_an_undo_says_first_what_it_can_not_do(here: Run) -> None:
    run = here("ask", "--as", "clerk", "refund 1 for SO-10007", "--json").json["id"]
    plan = here("runs", "undo", run, "--plan")
    assert plan.code == 0
    assert plan.out.startswith("✗ Can't be undone: Refund")
    assert "can't be called back" in plan.out
    assert here("runs", "undo", run, "--plan", "--language", "zh").out.startswith("✗ 无法撤销：退款")
    ended = here("runs", "undo", run)
    assert ended.code == 7
    assert "changed nothing that can be put back" in ended.err


def test_a_link_is_printed(here: Run) -> None:
    approval = waiting_refund(here, "SO-10234")[1]
    printed = here("approvals", "link", approval)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/approvals/links/[\w-]+\.[\w-]+\n", printed.out)
    assert here("approvals", "link", approval, "--as", "clerk").code == 5


def test_a_run_that_waits_is_explained_paused_told_more_resumed_found_and_branched(here: Run) -> None:
    run_id, approval_id = waiting_refund(here, "SO-10234")
    told = here("runs", "explain", run_id, "--language", "en")
    assert f"jindou approvals decide {approval_id}" in told.out
    assert "等待有权审批的人" in here("runs", "explain", run_id, "--language", "zh").out
    assert here("runs", "explain", run_id, "--json").json["code"] == "waiting"
    assert here("runs", "pause", run_id).out == f"{run_id}: paused\n"
    assert here("runs", "steer", run_id, "Be kind.").code == 0
    assert "→ Lena Vogel: Be kind." in here("runs", "show", run_id, "--language", "en").out
    assert here("runs", "resume", run_id, "--json").json["status"] == "queued"
    found = here("runs", "search", "SO-10234", "--tool", "refund_order", "--since", "2020-01-01", "--json").json
    assert run_id in [run["id"] for run in found]
    assert here("runs", "search", "SO-10234", "--least-cost", "1000", "--json").json == []
    branch = here("runs", "branch", run_id, "hello", "--step", "0", "--json").json
    assert (branch["branched_from"], branch["message"]) == (run_id, "hello")
    refused = here("runs", "retry", run_id)
    assert refused.code != 0
    assert "not failed" in refused.err
    assert here("runs", "cancel", run_id).code == 0


def test_the_keys_of_a_service_account_are_listed_and_taken_back_one_by_one(here: Run) -> None:
    assert here("services", "add", "belt", "Belt", "--role", "warehouse").code == 0
    made = here("services", "key", "belt", "line 3", "--json").json
    assert made["id"] in here("services", "list-keys", "belt").out
    assert "revoked" in here("services", "revoke-key", "belt", made["id"]).out
    assert here("services", "list-keys", "belt", "--json").json[0]["status"] == "revoked"
    assert here("services", "revoke-key", "belt", "key_nope").code == 6


def test_an_account_is_reset_by_a_handle_and_a_tool_that_is_misspelt_is_told_which_there_are(here: Run) -> None:
    assert "warehouse" in here("accounts", "reset", "warehouse").out
    assert here("accounts", "reset", "nobody").code == 6
    misspelt = here("policy", "explain", "after-sales", "refund_orde", "--person", "clerk")
    assert "after-sales has no tool 'refund_orde'; there are: " in misspelt.err


@pytest.mark.parametrize("time_", ["yesterday", "0001-01-01", "2026-02-30"])
def test_what_is_no_time_is_told_how_to_write_one(here: Run, time_: str) -> None:
    for command in (("runs", "search"), ("audit", "list")):
        refused = here(*command, "--since", time_)
        assert (refused.code, "write it as 2026-03-02 14:05" in refused.err) == (2, True)


def test_times_are_told_and_taken_in_the_time_zone_of_the_terminal(here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        run_id, approval_id = waiting_refund(here, "SO-10234")
        ends = datetime.fromisoformat(here("approvals", "show", approval_id, "--json").json["expires_at"])
        told = ends.astimezone().isoformat(" ", "minutes")
        assert told.endswith("+08:00")
        assert told in here("approvals", "show", approval_id).out
        to_the_second = ends.astimezone().isoformat(" ", "seconds")
        assert f"until {to_the_second}" in here("runs", "explain", run_id, "--language", "en").out
        assert f"{ends:%Y-%m-%d %H:%M:%S} UTC" in here("runs", "explain", run_id, "--json").json["why"]["en"]
        assert run_id in here("runs", "search", "--until", told).out
        assert run_id not in here("runs", "search", "--since", told).out
    time.tzset()

"""What `jindou approvals` tells of calls that wait."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from jindou.telemetry import SystemClock

Run = Callable[..., Any]


def test_it_is_told_for_whom_somebody_denied(here: Run) -> None:
    asked = here("ask", "--as", "clerk", "refund 120 for SO-10402", "--json").json
    approval = asked["journal"][-1]["approval_id"]
    until = (SystemClock().now() + timedelta(days=2)).date().isoformat()
    handed = here("approvals", "delegate", "warehouse", "--until", until, "--json").json
    assert here("approvals", "decide", approval, "--as", "warehouse", "--deny", "--reason", "No.").code == 0
    for command in (("runs", "watch"), ("runs", "show")):
        told = here(*command, asked["id"])
        assert "denied by 赵强 for Marta Lindqvist: No." in told.out + told.err
    assert "was denied by 赵强 for Marta Lindqvist" in here("runs", "explain", asked["id"]).out
    here("approvals", "revoke", handed["id"])


def test_what_has_changed_since_it_was_asked_is_told_and_approved_as_it_is_now(here: Run) -> None:
    asked = [here("ask", "--as", "clerk", "refund 120 for SO-10402", "--json").json for _ in range(2)]
    first, second = (run["journal"][-1]["approval_id"] for run in asked)
    assert "changed since" not in here("approvals", "list", "--status", "waiting").out
    assert here("approvals", "decide", first, "--approve").code == 0
    here("runs", "watch", asked[0]["id"])
    (line,) = [line for line in here("approvals", "list").out.splitlines() if line.startswith(second)]
    assert "waits for approval · changed since it was asked; look at it" in line
    shown = here("approvals", "show", second).out
    assert "Approve it as it is now (--as-now)" in shown
    refused = here("approvals", "decide", second, "--approve")
    assert (refused.code, "Look at it as it is now" in refused.err) == (7, True)
    assert here("approvals", "decide", second, "--approve", "--as-now", "--json").json["status"] == "approved"


def test_of_each_of_many_it_is_told_in_the_persons_language_why_it_was_not_decided(here: Run) -> None:
    asked = here("ask", "--as", "clerk", "refund 120 for SO-10234", "--json").json["journal"][-1]["approval_id"]
    decide = ("approvals", "decide", asked, "apr_0", "--approve", "--as", "clerk")
    told = here(*decide, "--language", "zh")
    assert told.code == 1
    assert "任何人都不能审批自己提出的请求。 [jindou.no-self-approval]" in told.out
    assert "找不到：There is no such approval." in told.out
    assert "Nobody approves a request of their own. [jindou.no-self-approval]" in here(*decide, "--language", "en").out

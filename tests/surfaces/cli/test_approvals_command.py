"""What `jindou approvals` tells of calls that wait."""

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]


def test_what_has_changed_since_it_was_asked_is_told_and_not_approved(here: Run) -> None:
    asked = [here("ask", "--as", "clerk", "refund 120 for SO-10402", "--json").json for _ in range(2)]
    first, second = (run["journal"][-1]["approval_id"] for run in asked)
    assert "changed since" not in here("approvals", "list", "--status", "waiting").out
    assert here("approvals", "decide", first, "--approve").code == 0
    here("runs", "watch", asked[0]["id"])
    (line,) = [line for line in here("approvals", "list").out.splitlines() if line.startswith(second)]
    assert "waits for approval · changed since it was asked; deny or change it" in line
    shown = here("approvals", "show", second).out
    assert "approving it as it was can only fail" in shown
    refused = here("approvals", "decide", second, "--approve")
    assert (refused.code, "Deny it, or change its arguments" in refused.err) == (7, True)
    assert here("approvals", "decide", second, "--deny", "--reason", "Once is enough.").code == 0

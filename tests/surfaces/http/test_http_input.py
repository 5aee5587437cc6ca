"""Whatever a body, a query or a path holds: the answer says what is wrong, and never 500."""

import json
import re

import pytest
from http_door import Door, assert_problem


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", ""),
        (b"", ""),
        (b"\xff\xfe", ""),
        (b"null", ""),
        (b"[]", ""),
        (b"5", ""),
        (b'{"message": 5}', "message"),
        (b'{"message": null}', "message"),
        (b"{}", "message"),
        (b'{"message": ""}', "message"),
        (b'{"message": "  "}', "message"),
        (b'{"message": "x", "person": "manager"}', "person"),
        (b'{"message": "x", "assistant": ""}', "assistant"),
        (b'{"message": "x", "conversation_id": 5}', "conversation_id"),
        (b'{"message": "\\ud800"}', "message"),
        (b'{"message": "a\\u0000b"}', "message"),
        (b'{"message": "x", "\\ud800": 1}', None),
        (b'{"message": "x", "conversation_id": "\\ud800"}', "conversation_id"),
    ],
)
def test_a_body_that_breaks_a_rule_is_named(shared: Door, body: bytes, field: str | None) -> None:
    headers = shared.as_("clerk") | {"Content-Type": "application/json"}
    answer = shared.client.post("/api/runs", content=body, headers=headers)
    assert_problem(answer, answer.status_code, answer.json()["code"])
    assert answer.status_code == 422
    if field is not None:
        assert answer.json()["field"] == field
        assert answer.json()["rule"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_json_that_is_sent_as_something_else_is_told_what_to_be_sent_as(shared: Door, kind: str) -> None:
    headers = shared.as_("clerk") | {"Content-Type": kind}
    answer = shared.client.post("/api/runs", content=b'{"message": "x"}', headers=headers)
    assert_problem(answer, 422, "invalid", rule="must be a JSON object, sent as application/json")
    assert answer.json()["detail"] == "The body must be a JSON object, sent as application/json."


ODD: tuple[dict[str, object], ...] = (
    {},
    {"odd": 1},
    {"name": 5, "message": [], "decision": "maybe", "url": "a b", "roles": "x", "approvals": [], "email": "x"},
    {"name": "\0", "message": "", "days": 0.5, "ends_at": "soon", "reason": 5, "handle": "A B!", "members": {}},
)
PYDANTIC = re.compile(r"should (be|have|match)|Field required|Extra inputs|Input |unable to|\^\[|valid ")


@pytest.mark.parametrize(
    "path",
    [
        *("runs", "approvals/apr_1/decision", "approvals/decisions", "approvals/delegations", "approvals/links/x"),
        *("runs/run_1/messages", "runs/run_1/branches", "runs/run_1/retry", "keys", "keys/key_1/rotation", "budgets"),
        *("deployments", "secrets", "people", "teams", "service-accounts", "sso", "policies", "decisions"),
        *(
            "readings",
            "sessions",
            "organisations",
            "usage/attempts/att_1/reconcile",
            "completions",
            "policies/rollback",
        ),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(shared: Door, path: str) -> None:
    for body in ODD:
        answer = shared.post(f"/api/{path}", body, "manager")
        if body:
            assert_problem(answer, 422, "invalid")
            told = f"{answer.json()['detail']} {answer.json()['rule']}"
            assert not PYDANTIC.search(told), told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("limit", "0", "`limit` must be 1 or more."),
        ("limit", "x", "`limit` must be a whole number."),
        (
            "status",
            "odd",
            "`status` must be 'waiting', 'approved', 'denied', 'expired' or 'withdrawn'.",
        ),
        ("before", "\0", "`before` must have no NUL character."),
    ],
)
def test_a_query_that_breaks_a_rule_is_told_which(shared: Door, name: str, value: str, told: str) -> None:
    assert shared.get("/api/approvals", **{name: value}).json()["detail"] == told


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"message": ' * 50_000,
        b'{"message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"message": ' + b"9" * 10_000 + b"}",
        b'{"message": 1e999999}',
        b'{"message": NaN}',
    ],
    ids=["deep list", "deep object", "deep value", "huge number", "infinity", "not a number"],
)
def test_json_made_to_break_a_parser_is_refused(shared: Door, body: bytes) -> None:
    headers = shared.as_("clerk") | {"Content-Type": "application/json"}
    answer = shared.client.post("/api/runs", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("/api/audit", {"before": 10**30}, "before"),
        ("/api/audit", {"before": 2**63}, "before"),
        ("/api/audit", {"before": -1}, "before"),
        ("/api/audit", {"limit": 10**30}, "limit"),
        ("/api/runs", {"limit": "many"}, "limit"),
        ("/api/runs", {"limit": "9" * 5000}, "limit"),
        ("/api/approvals", {"status": "perhaps"}, "status"),
        ("/api/usage", {"days": 10**9}, "days"),
        ("/api/runs/run_1/events", {"after": 10**30}, "after"),
        ("/api/runs/run_1/events", {"after": -1}, "after"),
    ],
)
def test_a_query_that_breaks_a_rule_is_named(shared: Door, path: str, params: dict[str, object], field: str) -> None:
    assert_problem(shared.get(path, "manager", **params), 422, "invalid", field=field)


def test_a_header_that_breaks_a_rule_is_named(shared: Door) -> None:
    headers = shared.as_("clerk") | {"Last-Event-ID": "9" * 40}
    answer = shared.client.get("/api/runs/run_1/events", headers=headers)
    assert_problem(answer, 422, "invalid", field="last-event-id")


def test_the_largest_number_is_taken(shared: Door) -> None:
    assert shared.get("/api/audit", "manager", before=2**63 - 1).status_code == 200


@pytest.mark.parametrize(
    "part", ["%00", "%ED%A0%80", "%FF", "..%2F..%2Fsecrets", "x" * 5000, "'%20OR%201=1--", "%F0%9F%8F%AE"]
)
def test_a_path_may_hold_anything(shared: Door, part: str) -> None:
    for path in ("/api/runs/{}", "/api/runs/{}/events", "/api/approvals/{}", "/api/conversations/{}"):
        answer = shared.get(path.format(part))
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 1001])
def test_a_reason_that_can_not_be_kept_is_refused(shared: Door, text: str) -> None:
    body = json.dumps({"decision": "deny", "reason": text}).encode()
    headers = shared.as_("manager") | {"Content-Type": "application/json"}
    answer = shared.client.post("/api/approvals/apr_1/decision", content=body, headers=headers)
    assert_problem(answer, 422, "invalid", field="reason")


def test_a_wrong_method_and_an_unknown_path_are_problems_too(shared: Door) -> None:
    assert_problem(shared.client.request("DELETE", "/api/runs", headers=shared.as_("clerk")), 405, "http_405")
    assert_problem(shared.get("/api/nothing"), 404, "http_404")


def test_an_unexpected_fault_tells_no_stack_and_no_words_of_its_own(
    shared: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret is 4711")

    monkeypatch.setattr(shared.desk.platform.assistants, "list_assistants", fail)
    answer = shared.get("/api/assistants")
    assert_problem(answer, 500, "internal")
    assert "4711" not in answer.text


@pytest.mark.parametrize("path", ["/api/runs", "/api/audit"])
@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_falls_off_the_calendar_in_utc_is_the_end_of_it(shared: Door, path: str, since: str) -> None:
    answer = shared.get(path, "manager", since=since)
    assert answer.status_code == 200
    assert since.startswith("0") or answer.json() == []

"""Every endpoint when all is well, and when it is not."""

import re
from datetime import timedelta

import pytest
from http_door import ASK, Door, assert_problem
from sqlalchemy import select

from jindou.identity.audit.tables import AuditEventRow

COMPANY = {"name": "Tower Lamps", "administrator": "chief", "administrator_name": "Chi Efe"}


def test_a_run_is_started_listed_shown_and_cancelled(door: Door) -> None:
    answer = door.post("/api/runs", {"message": ASK})
    assert answer.status_code == 201
    run = answer.json()
    assert (run["status"], run["message"], run["person_name"]) == ("queued", ASK, "Lena Vogel")
    assert [listed["id"] for listed in door.get("/api/runs").json()] == [run["id"]]
    assert door.get("/api/runs", before=run["id"]).json() == []
    shown = door.get(f"/api/runs/{run['id']}").json()
    assert (shown["journal"], shown["last_event"]) == ([], 1)
    assert door.post(f"/api/runs/{run['id']}/cancel").json()["id"] == run["id"]
    door.desk.move_on(run["id"])
    assert door.get(f"/api/runs/{run['id']}").json()["status"] == "cancelled"


def test_an_approval_is_listed_shown_and_decided(door: Door) -> None:
    run = door.ask()
    (listed,) = door.get("/api/approvals", "manager", status="waiting").json()
    assert (listed["run_id"], listed["can_decide"], listed["requested_by_name"]) == (run["id"], True, "Lena Vogel")
    shown = door.get(f"/api/approvals/{listed['id']}", "manager").json()
    assert shown["changes"][0].keys() == {"label", "before", "after"}
    path = f"/api/approvals/{listed['id']}/decision"
    assert_problem(door.post(path, {"decision": "approve"}), 403, "forbidden", rules=["jindou.no-self-approval"])
    assert_problem(door.post(path, {"decision": "deny"}, "manager"), 422, "invalid", field="reason", rule="required")
    assert door.post(path, {"decision": "approve"}, "manager").json()["status"] == "approved"
    assert_problem(door.post(path, {"decision": "approve"}, "manager"), 409, "approval_decided")
    door.desk.move_on(run["id"])
    assert door.get(f"/api/runs/{run['id']}").json()["answer"] == "Refunded."
    assert 120_000_000 in door.desk.refunds()


def test_a_call_is_asked_about_and_a_person_too(door: Door) -> None:
    asked = {"assistant": "after-sales", "tool": "refund_order", "arguments": {"order_id": "SO-10234", "amount": 120}}
    answer = door.post("/api/decisions", asked | {"principal": "warehouse"}, "manager").json()
    assert (answer["verb"], answer["problem"]) == ("deny", "")
    assert_problem(door.post("/api/decisions", asked | {"principal": "manager"}), 403, "forbidden")
    assert_problem(door.post("/api/decisions", asked | {"principal": "nobody"}, "manager"), 404, "not_found")
    assert_problem(door.post("/api/decisions", asked | {"provenance": {"amount": "god"}}), 422, "invalid")
    assert_problem(door.post("/api/decisions", asked | {"tool": "steal"}), 404, "not_found")
    rights = door.get("/api/people/warehouse/rights", "manager", assistant="after-sales").json()
    verbs = {right["tool"]: right["verb"] for right in rights["tools"]}
    assert (verbs["check_stock"], verbs["refund_order"]) == ("allow", "deny")
    assert door.get("/api/people/clerk/rights").json()["handle"] == "clerk"
    assert_problem(door.get("/api/people/manager/rights"), 403, "forbidden")
    assert_problem(door.get("/api/people/nobody/rights", "manager"), 404, "not_found")


def test_conversations_are_listed_and_shown_with_their_runs(door: Door) -> None:
    run = door.ask()
    (listed,) = door.get("/api/conversations").json()
    assert listed["title"] == ASK
    assert door.get(f"/api/conversations/{listed['id']}").json() == listed
    assert [of["id"] for of in door.get(f"/api/conversations/{listed['id']}/runs").json()] == [run["id"]]
    assert door.get("/api/conversations", "manager").json() == []
    busy = door.post("/api/runs", {"message": "And?", "conversation_id": listed["id"]})
    assert_problem(busy, 409, "run_busy")


def test_assistants_are_listed(shared: Door) -> None:
    (assistant,) = shared.get("/api/assistants").json()
    assert (assistant["slug"], assistant["title"]["zh"]) == ("after-sales", "售后助手")


def test_the_bill_is_the_organisations_or_ones_own(door: Door) -> None:
    door.ask()
    assert door.get("/api/usage", "manager").json() == door.get("/api/usage", "clerk").json() | {
        "until": door.get("/api/usage", "manager").json()["until"]
    }
    assert door.get("/api/usage", "warehouse", days=7).json()["events"] == 0
    assert_problem(door.get("/api/usage", days=0), 422, "invalid", field="days")


def test_the_trail_is_listed_and_verified_by_who_may(door: Door) -> None:
    door.ask()
    events = door.get("/api/audit", "manager", limit=2).json()
    assert len(events) == 2
    older = door.get("/api/audit", "manager", before=events[-1]["seq"]).json()
    assert older[0]["seq"] == events[-1]["seq"] - 1
    assert door.get("/api/audit/verification", "manager").json()["ok"] is True
    for path in ("/api/audit", "/api/audit/verification"):
        assert_problem(door.get(path), 403, "forbidden", rules=["jindou.default-deny"])


def test_one_hears_who_one_is(shared: Door) -> None:
    assert shared.get("/api/principals/me", "warehouse").json()["name"] == "赵强"


def test_everybody_sees_who_works_here(shared: Door) -> None:
    people = shared.get("/api/principals", "warehouse").json()
    assert [person["handle"] for person in people] == ["clerk", "warehouse", "manager", "finance"]


def test_the_status_is_for_anybody_and_tells_nothing_of_the_company(shared: Door) -> None:
    status = shared.client.get("/api/status").json()
    assert (status["engine"]["state"], status["url"]) == ("ready", "http://127.0.0.1:8787")
    assert "Lena" not in str(status)


def test_a_session_is_opened_used_and_closed(door: Door) -> None:
    opened = door.client.post("/api/sessions", json={"person": "clerk"}, headers=door.operator)
    assert opened.status_code == 201
    headers = {"Authorization": f"Bearer {opened.json()['token']}"}
    assert door.client.get("/api/principals/me", headers=headers).json()["handle"] == "clerk"
    assert door.client.request("DELETE", "/api/sessions/current", headers=headers).status_code == 204
    assert_problem(door.client.get("/api/principals/me", headers=headers), 401, "unauthenticated")


def test_a_sign_in_link_signs_a_browser_in_once(door: Door) -> None:
    link = door.client.post("/api/sign-in-links", json={"person": "manager"}, headers=door.operator).json()
    token = link["url"].partition("token=")[2]
    assert link["url"].startswith("http://127.0.0.1:8787/sign-in?token=")
    signed_in = door.client.post("/sign-in", data={"token": token})
    cookie = signed_in.headers["set-cookie"]
    assert signed_in.status_code == 303
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert door.client.get("/api/principals/me").json()["handle"] == "manager"
    door.client.cookies.clear()
    assert door.client.post("/sign-in", data={"token": token}).status_code == 401


def test_the_demo_is_made_anew_and_runs_under_way_end(door: Door) -> None:
    run = door.ask()
    door.desk.refund_behind_our_back(1_000_000)
    answer = door.client.post("/api/demo/reset", headers=door.operator)
    assert answer.status_code == 200
    assert 1_000_000 not in door.desk.refunds()
    door.desk.move_on(run["id"])
    assert door.get(f"/api/runs/{run['id']}").json()["status"] == "cancelled"


def test_what_the_operator_does_to_the_installation_is_in_every_trail(door: Door) -> None:
    door.client.post("/api/organisations", json=COMPANY, headers=door.operator)
    assert door.client.post("/api/demo/reset", headers=door.operator).status_code == 200
    assert door.client.post("/api/secrets/rewrapping", headers=door.operator).status_code == 200
    trail = door.get("/api/audit?who=operator", "manager").json()
    assert {"demo::reset", "secrets::renew-key"} <= {event["action"] for event in trail}
    with door.desk.platform.database.reading(None) as work:
        rows = work.session.scalars(select(AuditEventRow.org_id).where(AuditEventRow.action == "demo::reset")).all()
    assert len(set(rows)) == len(rows) == 2


@pytest.mark.parametrize("path", ["/api/sessions", "/api/sign-in-links", "/api/demo/reset", "/api/organisations"])
def test_what_is_the_operators_needs_the_operators_key(shared: Door, path: str) -> None:
    bodies = {"/api/demo/reset": None, "/api/organisations": COMPANY}
    body = bodies.get(path, {"person": "clerk"})
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}, shared.as_("manager")):
        answer = shared.client.post(path, json=body, headers=headers)
        assert_problem(answer, 403, "forbidden", rules=["jindou.local-operator"])


def test_an_unknown_person_is_named_with_those_there_are(shared: Door) -> None:
    for path in ("/api/sessions", "/api/sign-in-links"):
        answer = shared.client.post(path, json={"person": "ceo"}, headers=shared.operator)
        assert_problem(answer, 404, "not_found")
        assert "clerk, warehouse, manager, finance" in answer.json()["detail"]


SIGNED_IN = [
    ("GET", "/api/runs"),
    ("POST", "/api/runs"),
    ("GET", "/api/runs/run_1"),
    ("POST", "/api/runs/run_1/cancel"),
    ("GET", "/api/runs/run_1/undo"),
    ("POST", "/api/runs/run_1/undo"),
    ("POST", "/api/runs/run_1/pause"),
    ("POST", "/api/runs/run_1/resume"),
    ("POST", "/api/runs/run_1/messages"),
    ("POST", "/api/runs/run_1/retry"),
    ("POST", "/api/runs/run_1/branches"),
    ("GET", "/api/runs/run_1/explanation"),
    ("GET", "/api/runs/run_1/events"),
    ("GET", "/api/approvals"),
    ("GET", "/api/approvals/apr_1"),
    ("GET", "/api/approvals/apr_1/alike"),
    ("POST", "/api/approvals/apr_1/decision"),
    ("POST", "/api/approvals/apr_1/links"),
    ("POST", "/api/approvals/decisions"),
    ("GET", "/api/approvals/delegations"),
    ("POST", "/api/approvals/delegations"),
    ("POST", "/api/approvals/delegations/dlg_1/revocation"),
    ("GET", "/api/conversations"),
    ("GET", "/api/conversations/cnv_1"),
    ("GET", "/api/conversations/cnv_1/runs"),
    ("GET", "/api/assistants"),
    ("GET", "/api/usage"),
    ("GET", "/api/usage/daily"),
    ("POST", "/api/usage/attempts/att_1/reconcile"),
    ("POST", "/api/completions"),
    ("GET", "/api/deployments"),
    ("POST", "/api/deployments"),
    ("GET", "/api/deployments/engines"),
    ("GET", "/api/deployments/dep_1"),
    ("PUT", "/api/deployments/dep_1"),
    ("DELETE", "/api/deployments/dep_1"),
    ("POST", "/api/deployments/serving"),
    ("POST", "/api/deployments/retirement"),
    ("GET", "/api/budgets"),
    ("POST", "/api/budgets"),
    ("GET", "/api/budgets/bud_1"),
    ("PATCH", "/api/budgets/bud_1"),
    ("DELETE", "/api/budgets/bud_1"),
    ("GET", "/api/audit"),
    ("GET", "/api/audit/verification"),
    ("POST", "/api/decisions"),
    ("GET", "/api/people/prs_1/rights"),
    ("GET", "/api/sessions"),
    ("DELETE", "/api/sessions"),
    ("GET", "/api/sessions/break-glass"),
    ("DELETE", "/api/sessions/ses_1"),
    ("GET", "/api/accounts"),
    ("GET", "/api/accounts/me"),
    ("PUT", "/api/accounts/me/password"),
    ("POST", "/api/accounts/me/proof"),
    ("POST", "/api/accounts/me/proof/passkey"),
    ("POST", "/api/accounts/me/proof/passkey/options"),
    ("POST", "/api/accounts/me/totp"),
    ("POST", "/api/accounts/me/totp/confirmation"),
    ("DELETE", "/api/accounts/me/totp"),
    ("POST", "/api/accounts/me/passkeys"),
    ("POST", "/api/accounts/me/passkeys/options"),
    ("DELETE", "/api/accounts/me/passkeys/psk_1"),
    ("POST", "/api/accounts/me/recovery-codes"),
    ("GET", "/api/accounts/rules"),
    ("PUT", "/api/accounts/rules"),
    ("POST", "/api/accounts/prs_1/reset"),
    ("GET", "/api/sso"),
    ("POST", "/api/sso"),
    ("GET", "/api/sso/idp_1"),
    ("PATCH", "/api/sso/idp_1"),
    ("DELETE", "/api/sso/idp_1"),
    ("POST", "/api/sso/idp_1/check"),
    ("GET", "/api/sso/idp_1/people"),
    ("DELETE", "/api/sso/idp_1/people/prs_1"),
    ("GET", "/api/principals"),
    ("GET", "/api/principals/me"),
    ("GET", "/api/people"),
    ("POST", "/api/people"),
    ("GET", "/api/people/prs_1"),
    ("PATCH", "/api/people/prs_1"),
    ("POST", "/api/people/prs_1/deactivation"),
    ("POST", "/api/people/prs_1/reactivation"),
    ("GET", "/api/teams"),
    ("POST", "/api/teams"),
    ("GET", "/api/teams/tem_1"),
    ("PATCH", "/api/teams/tem_1"),
    ("DELETE", "/api/teams/tem_1"),
    ("PUT", "/api/teams/tem_1/members/prs_1"),
    ("DELETE", "/api/teams/tem_1/members/prs_1"),
    ("GET", "/api/service-accounts"),
    ("POST", "/api/service-accounts"),
    ("GET", "/api/service-accounts/svc_1"),
    ("PATCH", "/api/service-accounts/svc_1"),
    ("POST", "/api/service-accounts/svc_1/deactivation"),
    ("POST", "/api/service-accounts/svc_1/reactivation"),
    ("GET", "/api/service-accounts/svc_1/keys"),
    ("POST", "/api/service-accounts/svc_1/keys"),
    ("POST", "/api/service-accounts/svc_1/keys/key_1/revocation"),
    ("GET", "/api/keys"),
    ("POST", "/api/keys"),
    ("GET", "/api/keys/key_1"),
    ("POST", "/api/keys/key_1/revocation"),
    ("POST", "/api/keys/key_1/rotation"),
    ("GET", "/api/policies"),
    ("POST", "/api/policies"),
    ("POST", "/api/policies/check"),
    ("POST", "/api/policies/rollback"),
    ("GET", "/api/policies/1"),
    ("POST", "/api/policies/1/activation"),
    ("GET", "/api/policies/1/diff"),
    ("GET", "/api/policies/1/shadow"),
    ("GET", "/api/webhooks"),
    ("PUT", "/api/webhooks"),
    ("DELETE", "/api/webhooks"),
    ("GET", "/api/readings"),
    ("POST", "/api/readings"),
    ("GET", "/api/readings/policy"),
    ("PUT", "/api/readings/policy"),
    ("GET", "/api/secrets"),
    ("POST", "/api/secrets"),
    ("POST", "/api/secrets/sec_1/revocation"),
    ("POST", "/api/secrets/sec_1/rotation"),
    ("GET", "/api/models"),
    ("GET", "/api/models/qwen3-4b"),
    ("DELETE", "/api/models/qwen3-4b"),
    ("POST", "/api/models/qwen3-4b/pull"),
    ("GET", "/api/models/qwen3-4b/pull"),
    ("DELETE", "/api/models/qwen3-4b/pull"),
    ("POST", "/api/models/qwen3-4b/serving"),
    ("DELETE", "/api/models/qwen3-4b/serving"),
]


@pytest.mark.parametrize(("method", "path"), SIGNED_IN)
def test_nobody_and_a_forged_session_get_nowhere(shared: Door, method: str, path: str) -> None:
    forged: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": f"Bearer {'0' * 64}"},
        {"Cookie": "jindou_session_8787=forged"},
        shared.operator,
    )
    for headers in forged:
        answer = shared.client.request(
            method, path, headers=headers, json={} if method in {"POST", "PATCH", "PUT"} else None
        )
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_every_endpoint_is_known_to_the_test_above(shared: Door) -> None:
    document = shared.client.get("/api/openapi.json").json()
    pattern = "(run|apr|dlg|cnv|key|sec|bud|att|dep|prs|tem|svc|ses|psk|idp)_1|qwen3-4b|(?<=policies/)1"
    known = {re.sub(pattern, "{}", path) for _, path in SIGNED_IN}
    own = {"/api/status", "/api/demo/reset", "/api/sessions/current", "/api/sessions/password", "/api/sign-in-links"}
    own.add("/api/approvals/links/{}")  # Whoever has a signed link decides with it.
    own.add("/api/organisations")  # The local operator's, who makes them.
    own.add("/api/deployments/loading")  # The local operator's: a worker of the gateway asks for a model.
    own.add("/api/secrets/rewrapping")  # The local operator's: it concerns every organisation.
    own |= {"/api/sessions/passkey", "/api/sessions/passkey/options"}  # Whoever has a passkey comes in with it.
    paths = [path for path in document["paths"] if not path.startswith("/v1/")]  # Those have tests of their own.
    found = {"/".join("{}" if part.startswith("{") else part for part in path.split("/")) for path in paths}
    assert found == known | own


def test_a_session_that_has_expired_gets_nowhere(door: Door) -> None:
    assert door.get("/api/runs").status_code == 200
    door.desk.clock.move(timedelta(hours=door.desk.platform.settings.session_hours))
    assert_problem(door.get("/api/runs"), 401, "unauthenticated")


def test_what_belongs_to_others_looks_as_what_there_is_not(door: Door) -> None:
    run = door.ask()
    (approval,) = door.get("/api/approvals").json()
    with door.desk.platform.database.writing(None) as work:
        connection = work.session.connection()
        for table in ("run", "approval", "conversation"):
            connection.exec_driver_sql(f"UPDATE \"{table}\" SET org_id = 'org_others'")  # noqa: S608
    pairs = [
        ("GET", f"/api/runs/{run['id']}", "/api/runs/run_none"),
        ("POST", f"/api/runs/{run['id']}/cancel", "/api/runs/run_none/cancel"),
        ("GET", f"/api/runs/{run['id']}/events", "/api/runs/run_none/events"),
        ("GET", f"/api/approvals/{approval['id']}", "/api/approvals/apr_none"),
        ("POST", f"/api/approvals/{approval['id']}/decision", "/api/approvals/apr_none/decision"),
        ("GET", f"/api/conversations/{run['conversation_id']}", "/api/conversations/cnv_none"),
        ("GET", f"/api/conversations/{run['conversation_id']}/runs", "/api/conversations/cnv_none/runs"),
    ]
    for who in ("clerk", "manager"):
        for method, theirs, nobodys in pairs:
            body = {"decision": "approve"} if method == "POST" else None
            answers = [
                door.client.request(method, path, headers=door.as_(who), json=body) for path in (theirs, nobodys)
            ]
            assert_problem(answers[0], 404, "not_found")
            assert answers[0].json() == answers[1].json()
    asked = {"message": "Hi", "conversation_id": run["conversation_id"]}
    assert_problem(door.post("/api/runs", asked), 404, "not_found")

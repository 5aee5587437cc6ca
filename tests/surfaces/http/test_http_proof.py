"""What changes who comes in, or which rules hold, answers that a proof is due, and does it after one."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from http_door import Door, assert_problem
from test_http_sessions import enter

GOOD = "lanterns over the quiet harbour"
SENSITIVE: list[tuple[str, str, object]] = [
    ("POST", "/api/accounts/me/totp", None),
    ("DELETE", "/api/accounts/me/totp", None),
    ("POST", "/api/accounts/me/recovery-codes", None),
    ("POST", "/api/accounts/me/passkeys/options", None),
    ("DELETE", "/api/accounts/me/passkeys/psk_1", None),
    ("PUT", "/api/accounts/me/password", {"new": "nine herons wade at low tide"}),
    ("PUT", "/api/accounts/rules", {"second_factor": False}),
    ("POST", "/api/sso", {"name": "Acme", "issuer": "https://id.acme.example", "client_id": "jindou"}),
    ("PATCH", "/api/sso/idp_1", {"enabled": False}),
    ("DELETE", "/api/sso/idp_1", None),
    ("DELETE", "/api/sso/idp_1/people/prs_1", None),
    ("POST", "/api/policies/1/activation", {}),
    ("POST", "/api/policies/rollback", {}),
    ("PUT", "/api/webhooks", {"url": "https://tickets.acme.example/"}),
    ("DELETE", "/api/webhooks", None),
]


def with_password(door: Door, handle: str = "manager") -> dict[str, str]:
    mine = enter(door, handle)
    assert door.client.request("PUT", "/api/accounts/me/password", headers=mine, json={"new": GOOD}).status_code == 204
    door.desk.clock.move(timedelta(minutes=10))
    return mine


def test_each_change_takes_a_proof_and_the_operators_sessions_none(door: Door) -> None:
    mine = with_password(door)
    for method, path, body in SENSITIVE:
        answer = door.client.request(method, path, headers=mine, json=body)
        assert_problem(answer, 403, "sign_in_stale", rules=["jindou.recent-sign-in"])
        assert "/api/accounts/me/proof" in answer.json()["detail"]
    for method, path, body in SENSITIVE[6:]:
        answer = door.client.request(method, path, headers=door.as_("manager"), json=body)
        assert "sign_in_stale" not in answer.text
    answer = door.client.post("/api/accounts/me/proof", headers=mine, json={"password": GOOD})
    assert answer.status_code == 204
    for method, path, body in SENSITIVE:
        answer = door.client.request(method, path, headers=mine, json=body)
        assert "sign_in_stale" not in answer.text
    door.desk.clock.move(timedelta(minutes=10))
    assert door.client.get("/api/sso", headers=mine).status_code == 200, "Looking takes none."


@pytest.mark.parametrize("body", [{}, {"password": "a", "code": "b"}, {"password": ""}, {"password": GOOD, "x": 1}])
def test_what_is_no_proof_at_all_is_refused_without_being_told_again(door: Door, body: dict[str, str]) -> None:
    answer = door.client.post("/api/accounts/me/proof", headers=with_password(door), json=body)
    assert_problem(answer, 422, "invalid")
    assert GOOD not in answer.text


def test_a_wrong_proof_and_a_passkey_that_is_none_are_refused(door: Door) -> None:
    mine = with_password(door)
    wrong = door.client.post("/api/accounts/me/proof", headers=mine, json={"password": "x" * 12})
    assert_problem(wrong, 403, "password_wrong")
    assert_problem(door.client.post("/api/accounts/me/proof", headers=mine, json={"code": "123456"}), 401, "code_wrong")
    assert door.client.post("/api/accounts/me/proof/passkey/options", headers=mine).status_code == 200
    wrong = door.client.post("/api/accounts/me/proof/passkey", headers=mine, json={"credential": {}})
    assert_problem(wrong, 401, "passkey_refused")


def test_the_console_asks_for_a_proof_and_goes_back_to_its_page(door: Door) -> None:
    mine = with_password(door)
    page = {**mine, "accept": "text/html"}
    for path, back in (
        ("/account/totp", "/account"),
        ("/account/rules", "/account"),
        ("/account/passkeys/psk_1/removal", "/account"),
        ("/sso/idp_1/switch", "/sso"),
        ("/policies/7/activation", "/policies/7"),
        ("/policies/rollback", "/policies"),
    ):
        answer = door.client.post(path, headers=page, data={"over": "0", "enabled": "true"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/account/proof?next={quote(back, safe='')}")
    for place in ("/account", "/sso"):
        assert "proof-due" in door.client.get(place, headers=page).text
    asked = door.client.get("/account/proof?next=/sso", headers=page).text
    assert 'name="next" value="/sso"' in asked
    wrong = door.client.post("/account/proof", headers=page, data={"password": "nothing of the kind", "next": "/sso"})
    assert (wrong.status_code, 'name="next" value="/sso"' in wrong.text) == (403, True)
    assert door.client.post("/account/proof", headers=page, data={"next": "/sso"}).status_code == 422
    for place, back in (
        ("/sso", "/sso"),
        ("//elsewhere.example", "/account"),
        ("/ssomething", "/account"),
        ("", "/account"),
    ):
        given = door.client.post("/account/proof", headers=page, data={"password": GOOD, "next": place})
        assert (given.status_code, given.headers["location"]) == (303, back)
    assert "proof-due" not in door.client.get("/account", headers=page).text


def test_whoever_has_nothing_to_prove_by_is_told_what_to_do(door: Door) -> None:
    page = {**enter(door, "clerk"), "accept": "text/html"}
    door.desk.clock.move(timedelta(minutes=10))
    assert "proof-none" in door.client.get("/account/proof", headers=page).text
    operators = {**door.as_("clerk"), "accept": "text/html"}
    assert door.client.post("/account/totp", headers=operators).status_code == 303
    assert "proof-operator" in door.client.get("/account/proof", headers=operators).text

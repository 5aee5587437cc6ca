"""The doors of single sign-on: what anybody may knock at tells nothing, and a public address is ours, too."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from http_door import Door, assert_problem
from neighbours import add_provider

from support.desk import open_desk
from support.homes import copy_home

PUBLIC = "https://jindou.acme.example"
COMPANY = {"name": "Tower Lamps", "administrator": "chief", "administrator_name": "Chi Efe"}


@pytest.fixture(scope="module")
def door(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Door]:
    """A company with an identity provider, behind a proxy with TLS."""
    home = copy_home(made_home, tmp_path_factory.mktemp("public") / "home")
    more: dict[str, Any] = {"public_url": PUBLIC}
    with open_desk(home, "Hello.", **more) as desk:
        door = Door(desk)
        add_provider(door, desk.clerk.org_id)
        yield door


def provider_of(door: Door) -> dict[str, Any]:
    return door.get("/api/sso", "manager").json()[0]


def test_a_provider_is_shown_with_the_addresses_of_the_public_one(door: Door) -> None:
    acme = provider_of(door)
    assert acme["redirect_uri"] == f"{PUBLIC}/sso/{acme['id']}/callback"
    assert acme["sign_in_url"].startswith(f"{PUBLIC}/sign-in?sso=")
    assert_problem(door.get("/api/sso"), 403, "forbidden")


def test_the_public_name_is_ours_and_its_cookies_are_for_tls(door: Door) -> None:
    ours = {"Host": "jindou.acme.example", "Origin": PUBLIC, **door.as_("clerk")}
    assert door.client.post("/api/runs", json={"message": "Hi"}, headers=ours).is_success
    for wrong in ({"Host": "other.acme.example"}, {"Origin": "http://jindou.acme.example"}, {"Origin": f"{PUBLIC}.eu"}):
        refused = door.client.post("/api/runs", json={"message": "Hi"}, headers=ours | wrong)
        assert refused.status_code in {403, 422}
    link = door.client.post("/api/sign-in-links", json={"person": "clerk"}, headers=door.operator).json()["url"]
    assert link.startswith(f"{PUBLIC}/sign-in?token=")
    assert 'data-scheme="https" data-host="jindou.acme.example"' in door.client.get("/sign-in").text
    came = door.client.post("/sign-in", data={"token": link.partition("token=")[2]})
    asked = door.client.post("/api/sessions/passkey/options")
    door.client.cookies.clear()
    cookies = [*came.headers.get_list("set-cookie"), *asked.headers.get_list("set-cookie")]
    assert len(cookies) == 3
    assert all("; Secure" in cookie for cookie in cookies), cookies
    assert all(cookie.startswith("__Host-jindou_") and "; Path=/;" in cookie for cookie in cookies), (
        "Of this host alone."
    )


def test_the_ways_in_for_anybody_tell_the_known_from_the_unknown_by_nothing(door: Door) -> None:
    acme = provider_of(door)
    for path in ("/sso/{}/callback?state=x&code=y&iss=z", "/sso/{}/callback", "/sso/{}/callback?error=access_denied"):
        known, unknown = (door.client.get(path.format(one)) for one in (acme["id"], "idp_none"))
        assert (known.status_code, known.text) == (401, unknown.text.replace("idp_none", acme["id"]))
    told = [
        door.client.post(f"/sso/{one}/backchannel-logout", data={"logout_token": "a.b.c"})
        for one in (acme["id"], "idp_none")
    ]
    assert [answer.status_code for answer in told] == [400, 400]
    assert told[0].json() == told[1].json()
    assert told[0].headers["cache-control"] == "no-store"
    assert door.client.post("/sso/start", data={"entrance": "unknown"}).status_code == 401
    assert door.client.post("/sso/start").status_code == 401


def test_a_button_is_for_who_knows_the_entrance_once_there_are_several_companies(door: Door) -> None:
    acme = provider_of(door)
    assert "Sign in with Acme" in door.client.get("/sign-in").text
    door.client.post("/api/organisations", json=COMPANY, headers=door.operator)
    assert "Sign in with Acme" not in door.client.get("/sign-in").text
    assert "Sign in with Acme" not in door.client.get("/sign-in?sso=unknown").text
    entrance = acme["sign_in_url"].partition("sso=")[2]
    assert "Sign in with Acme" in door.client.get(f"/sign-in?sso={entrance}").text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"issuer": "ftp://id.acme.example"}, "issuer"),
        ({"scopes": "profile"}, "scopes"),
        ({"new_roles": ["administrator"]}, "new_roles"),
        ({"roles": {"heads": ["Not A Role"]}}, "roles"),
        ({"links_by": "hope"}, "links_by"),
        ({"unheard": "of"}, "unheard"),
    ],
)
def test_what_breaks_a_rule_is_named_and_the_secret_is_not(door: Door, wrong: dict[str, Any], field: str) -> None:
    given = {"name": "B", "issuer": "https://b.example", "client_id": "b", "client_secret": "never-to-be-told"}
    answer = door.post("/api/sso", given | wrong, "manager")
    assert_problem(answer, 422, "invalid", field=field)
    assert "never-to-be-told" not in answer.text


def test_a_provider_on_this_machine_is_not_asked(door: Door) -> None:
    given = {"name": "B", "issuer": "https://127.0.0.1:9", "client_id": "b"}
    assert_problem(door.post("/api/sso", given, "manager"), 503, "sso_provider_unavailable")

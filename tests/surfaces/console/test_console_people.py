"""The page of people tells what is wrong beside the form, in the viewer's language."""

from collections.abc import Callable

import httpx
import pytest
from strict_pages import is_strict

SignIn = Callable[[str], httpx.Client]

_PERSON = {"handle": "newcomer", "name": "New Comer", "email": "", "roles": "clerk"}


@pytest.mark.parametrize(
    ("wrong", "english", "chinese"),
    [
        ({"handle": "clеrk"}, "A handle begins with a letter", "用户名须以字母或数字开头"),
        ({"handle": "clerk"}, "has that name or handle already", "已被使用"),
        ({"name": " "}, "A name has 1 to 200 characters", "名称须为 1 至 200"),
        ({"email": "nobody"}, "no e-mail address", "不是有效的电子邮件地址"),
        ({"roles": "clerc"}, "No rule names that role", "没有任何规则使用该角色"),
        ({"roles": "Chief"}, "A role begins with a small letter", "角色须以小写字母开头"),
    ],
)
def test_what_is_wrong_with_somebody_new_is_told(
    visit: SignIn, wrong: dict[str, str], english: str, chinese: str
) -> None:
    client = visit("manager")
    for language, told in (("en", english), ("zh", chinese)):
        client.cookies.set("jindou_language", language)
        answer = client.post("/people", data=_PERSON | wrong)
        assert answer.status_code in {409, 422}
        assert told in answer.text


def test_who_gives_themselves_a_role_is_refused_and_told_why(visit: SignIn) -> None:
    client = visit("manager")
    client.cookies.set("jindou_language", "zh")
    me = client.get("/people?text=manager").text.partition('href="/people/')[2].partition('"')[0]
    typed = {"name": "Marta Lindqvist", "roles": ["administrator", "manager", "finance"]}
    answer = client.post(f"/people/{me}", data=typed)
    assert answer.status_code == 403
    assert "任何人都不能更改自己的角色" in answer.text


def strict(page: httpx.Response) -> httpx.Response:
    """Return a page that is as strict as every other."""
    is_strict(page)
    return page


def path_of(page: httpx.Response, kind: str, name: str) -> str:
    """Return where the page of somebody in a list is."""
    before = page.text.partition(f">{name}</a>")[0]
    path = before.rpartition(f'href="/{kind}/')[2].partition('"')[0]
    assert path
    return f"/{kind}/{path}"


def test_a_person_is_added_changed_and_only_deactivated_after_a_question(visit: SignIn) -> None:
    client = visit("manager")
    added = client.post("/people", data=_PERSON | {"handle": "uma", "name": "Uma One", "roles": ["clerk", "finance"]})
    assert added.status_code == 303
    one = added.headers["location"]
    page = strict(client.get(one)).text
    assert "jindou sign-in --as uma" in page
    assert page.index('data-test="ask-deactivate"') < page.index(f'action="{one}/deactivation"')
    assert client.post(one, data={"name": "Uma Two", "roles": ["clerk"]}).status_code == 303
    assert "Uma Two" in client.get("/people?text=uma").text
    assert client.post(f"{one}/deactivation").status_code == 303
    assert f'action="{one}/reactivation"' in client.get(one).text
    assert client.post(f"{one}/reactivation").status_code == 303
    assert "Nobody fits." in client.get("/people?text=no-such-person").text


def test_a_team_is_made_changed_and_taken_away(visit: SignIn) -> None:
    client = visit("manager")
    made = client.post("/teams", data={"name": "Night shift", "roles": ["finance"], "members": "warehouse"})
    assert made.status_code == 303
    team = path_of(client.get("/teams"), "teams", "Night shift")
    assert made.headers["location"] == team
    wrong = client.post(team, data={"name": "Night shift", "members": "warehouse, nobody"})
    assert (wrong.status_code, "Nobody active has one of these handles." in strict(wrong).text) == (404, True)
    assert 'value="warehouse, nobody"' in wrong.text
    assert client.post(team, data={"name": "Late shift", "members": "warehouse"}).status_code == 303
    assert "Late shift" in client.get(team).text
    assert client.post(f"{team}/removal").status_code == 303
    assert "Late shift" not in client.get("/teams").text
    assert client.get(team).status_code == 404


def test_a_service_account_has_keys_that_are_shown_once(visit: SignIn) -> None:
    client = visit("manager")
    made = client.post("/services", data={"handle": "robot", "name": "Robot", "roles": ["clerk"]})
    assert made.status_code == 303
    robot = path_of(client.get("/services"), "services", "Robot")
    bad = client.post(f"{robot}/keys", data={"key": "", "scopes": ["models"]})
    assert (bad.status_code, "A key has a name" in strict(bad).text) == (422, True)
    key = client.post(f"{robot}/keys", data={"key": "cash desk", "days": "30", "scopes": ["completions", "models"]})
    assert key.status_code == 201
    secret = key.text.partition('data-test="secret">')[2].partition("<")[0]
    again = strict(client.get(robot))
    assert secret.startswith("jdk_")
    assert (secret in again.text, "cash desk" in again.text) == (False, True)
    revoke = again.text.partition(f'action="{robot}/keys/')[2].partition('"')[0]
    assert client.post(f"{robot}/keys/{revoke}").status_code == 303
    assert client.post(robot, data={"name": "Robot Two", "roles": []}).status_code == 303
    assert client.post(f"{robot}/deactivation").status_code == 303
    assert 'data-test="create-key"' not in client.get(robot).text
    assert client.post(f"{robot}/reactivation").status_code == 303


def test_nobody_else_sees_or_changes_them(visit: SignIn) -> None:
    client = visit("clerk")
    for path in ("/people", "/teams", "/services"):
        assert client.get(path).status_code == 403
        assert client.post(path, data=_PERSON).status_code == 403
        assert client.get(f"{path}/prs_none").status_code == 403

"""The page of people tells what is wrong beside the form, in the viewer's language."""

from collections.abc import Callable

import httpx
import pytest

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
    me = client.get("/people?text=manager").text.partition('action="/people/')[2].partition('"')[0]
    typed = {"name": "Marta Lindqvist", "roles": "administrator, manager, finance"}
    answer = client.post(f"/people/{me}", data=typed)
    assert answer.status_code == 403
    assert "任何人都不能更改自己的角色" in answer.text

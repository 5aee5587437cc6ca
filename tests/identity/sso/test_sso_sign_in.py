"""The way to a provider and back: once, in one browser, by one provider, in ten minutes."""

import json
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sso_company import SECRET, SsoCompany

from jindou.identity.sessions import Arrival
from jindou.identity.sso import ProviderUnavailable, Return, SignInRefused
from jindou.identity.sso.fetching import Fetcher
from support.homes import copy_home
from support.openid.crooked import CLIENT, Crooked, open_crooked
from support.platform import FakeClock, open_platform
from support.scripted import refund_script
from support.servers import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def either(
    request: pytest.FixtureRequest, made_home: Path, tmp_path: Path, clock: FakeClock, crooked: Crooked
) -> Generator[SsoCompany]:
    """The company on one kind of database, and then on the other."""
    home, script = copy_home(made_home, tmp_path / "home"), refund_script("SO-10007", 1.0)
    more: dict[str, Any] = {"sso_private": True}
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        more["database_url"] = server.create()
    with open_platform(home, script, clock, **more) as platform:
        yield SsoCompany(platform, crooked)


def finish(company: SsoCompany, provider_id: str, back: Return, browser: str) -> str:
    return company.platform.sso.signing_in.finish(provider_id, back, browser, Arrival("sso")).secret


def token_form(crooked: Crooked) -> Mapping[str, str]:
    """Return what came to the token endpoint last."""
    return [form for form in crooked.forms if "code" in form][-1]


def test_the_provider_is_asked_with_all_that_protects_the_answer(company: SsoCompany, crooked: Crooked) -> None:
    acme = company.add(makes_people=True)
    url, browser = company.start(acme)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{crooked.issuer}/authorize?")
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
    assert asked["redirect_uri"] == acme.redirect_uri == f"http://127.0.0.1:8787/sso/{acme.id}/callback"
    assert {len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])} == {64, 43}
    again, _ = company.start(acme, browser)
    other = parse_qs(urlsplit(again).query)
    assert all(other[name][0] != asked[name] for name in ("state", "nonce", "code_challenge"))
    finish(company, acme.id, crooked.let_in(url, preferred_username="uma"), browser)
    form = token_form(crooked)
    assert "client_secret" not in form
    assert form["authorization"].startswith("Basic ")
    assert browser not in url


def test_a_client_secret_goes_where_the_provider_takes_it(company: SsoCompany, crooked: Crooked) -> None:
    crooked.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    acme = company.add(makes_people=True)
    company.sign_in(acme, preferred_username="uma")
    form = token_form(crooked)
    assert (form["client_id"], form["client_secret"], form["authorization"]) == (CLIENT, SECRET, "")
    company.change(acme, client_secret="")
    company.sign_in(acme)
    form = token_form(crooked)
    assert "client_secret" not in form
    assert form["authorization"] == ""


def test_a_state_is_good_for_one_return(company: SsoCompany, crooked: Crooked) -> None:
    acme = company.add(makes_people=True)
    url, browser = company.start(acme)
    back = crooked.let_in(url, preferred_username="uma")
    finish(company, acme.id, back, browser)
    with pytest.raises(SignInRefused) as refused:
        finish(company, acme.id, back, browser)
    assert refused.value.reason == "expired"


def test_of_two_returns_at_once_one_signs_in(either: SsoCompany, crooked: Crooked) -> None:
    acme = either.add(makes_people=True)
    url, browser = either.start(acme)
    back = crooked.let_in(url, preferred_username="uma")
    done: list[str] = []

    def come_back() -> None:
        try:
            done.append(finish(either, acme.id, back, browser))
        except SignInRefused as error:
            done.append(error.reason)

    threads = [threading.Thread(target=come_back) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (secret,) = [one for one in done if one != "expired"]
    assert len(done) == 6
    assert either.whose(secret).handle == "uma"


def test_two_tabs_that_come_for_the_first_time_at_once_make_one_person(either: SsoCompany, crooked: Crooked) -> None:
    acme = either.add(makes_people=True)
    first, browser = either.start(acme)
    second, _ = either.start(acme, browser)
    backs = [crooked.let_in(url, preferred_username="uma") for url in (first, second)]
    secrets: list[str] = []

    def come_back(back: Return) -> None:
        secrets.append(finish(either, acme.id, back, browser))

    threads = [threading.Thread(target=come_back, args=(back,)) for back in backs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({either.whose(secret).person_id for secret in secrets}) == 1
    assert len(secrets) == 2


def test_who_comes_back_otherwise_than_they_went_is_refused(
    company: SsoCompany, crooked: Crooked, clock: FakeClock
) -> None:
    acme = company.add(makes_people=True)
    url, browser = company.start(acme)
    back = crooked.let_in(url, preferred_username="uma")
    for provider_id, given, at in (
        (acme.id, replace(back, state="f" * 64), browser),
        (acme.id, replace(back, state="汉\ud800"), browser),
        (acme.id, replace(back, state=""), browser),
        (acme.id, back, "0" * 64),
        (acme.id, back, ""),
        (acme.id, back, "汉\ud800"),
        ("idp_none", back, browser),
    ):
        with pytest.raises(SignInRefused, match="is over") as refused:
            finish(company, provider_id, given, at)
        assert refused.value.reason == "expired"
    clock.move(timedelta(minutes=10))
    with pytest.raises(SignInRefused, match="is over"):
        finish(company, acme.id, back, browser)
    assert crooked.asked["/token"] == 0


def test_an_answer_of_another_provider_is_refused_before_it_gets_the_code(
    company: SsoCompany, crooked: Crooked, clock: FakeClock
) -> None:
    acme = company.add(makes_people=True)
    with open_crooked(clock) as attacker:
        evil = company.add(name="Evil", issuer=attacker.issuer, makes_people=True)
        url, browser = company.start(evil)
        mixed_up = crooked.let_in(url, preferred_username="uma")
        with pytest.raises(SignInRefused) as refused:
            finish(company, evil.id, mixed_up, browser)
        assert refused.value.reason == "answer"
        url, browser = company.start(evil)
        with pytest.raises(SignInRefused):
            finish(company, acme.id, crooked.let_in(url), browser)
        assert attacker.asked["/token"] == crooked.asked["/token"] == 0


def test_who_says_that_it_names_itself_must(company: SsoCompany, crooked: Crooked, clock: FakeClock) -> None:
    acme = company.add(makes_people=True)
    url, browser = company.start(acme)
    with pytest.raises(SignInRefused) as refused:
        finish(company, acme.id, replace(crooked.let_in(url), issuer=""), browser)
    assert refused.value.reason == "answer"
    crooked.metadata = {"authorization_response_iss_parameter_supported": False}
    clock.move(timedelta(hours=1))
    url, browser = company.start(acme)
    finish(company, acme.id, replace(crooked.let_in(url, preferred_username="uma"), issuer=""), browser)


def test_who_is_not_let_in_there_is_not_let_in_here(company: SsoCompany, crooked: Crooked) -> None:
    acme = company.add(makes_people=True)
    for back in (Return(error="access_denied"), Return(error="<script>"), Return()):
        url, browser = company.start(acme)
        state = crooked.let_in(url).state
        with pytest.raises(SignInRefused) as refused:
            finish(company, acme.id, replace(back, state=state, issuer=crooked.issuer), browser)
        assert refused.value.reason == "denied"


def test_a_code_that_was_stolen_from_another_browser_is_worth_nothing(company: SsoCompany, crooked: Crooked) -> None:
    acme = company.add(makes_people=True)
    victims, _ = company.start(acme)
    stolen = crooked.let_in(victims, preferred_username="uma").code
    url, browser = company.start(acme)
    with pytest.raises(SignInRefused) as refused:
        finish(company, acme.id, replace(crooked.let_in(url), code=stolen), browser)
    assert refused.value.reason == "answer"
    assert "invalid_grant" in refused.value.message


def test_a_provider_that_is_off_or_gone_lets_nobody_begin_or_come_back(company: SsoCompany, crooked: Crooked) -> None:
    acme = company.add(makes_people=True)
    url, browser = company.start(acme)
    company.change(acme, enabled=False)
    with pytest.raises(SignInRefused) as refused:
        finish(company, acme.id, crooked.let_in(url), browser)
    assert refused.value.reason == "off"
    unknown = acme.model_copy(update={"sign_in_url": "?sso=unknown"})
    told: set[str] = set()
    for provider in (acme, unknown):
        with pytest.raises(SignInRefused) as refused:
            company.start(provider)
        told.add(f"{refused.value.reason} {refused.value.message}")
    assert len(told) == 1, "Nobody can tell whether there is one."


def test_the_database_has_neither_state_nor_nonce_nor_verifier_nor_secret(
    company: SsoCompany, crooked: Crooked
) -> None:
    acme = company.add(makes_people=True)
    url, browser = company.start(acme)
    asked = parse_qs(urlsplit(url).query)
    company.sign_in(acme, preferred_username="uma")
    written = b"".join(file.read_bytes() for file in company.platform.home.path.glob("jindou.db*"))
    verifier = token_form(crooked)["code_verifier"]
    for secret in (asked["state"][0], asked["nonce"][0], browser, verifier, SECRET, "eyJ"):
        assert secret.encode() not in written
    shown = company.change(acme, name="Acme Two").model_dump_json() + str([event.detail for event in company.trail()])
    assert SECRET not in shown


def test_whoever_begins_and_does_not_come_back_keeps_nobody_else_out(
    either: SsoCompany, crooked: Crooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jindou.identity.unproven.room._A_SOURCE", 3)
    acme = either.add(makes_people=True)
    entrance = acme.sign_in_url.partition("sso=")[2]
    url, browser = either.start(acme)
    crowd = [either.platform.sso.signing_in.start(entrance, "", "203.0.113.9") for _ in range(5)]
    with pytest.raises(SignInRefused):
        finish(either, acme.id, crooked.let_in(crowd[0].url), crowd[0].browser)
    assert finish(either, acme.id, crooked.let_in(url, preferred_username="uma"), browser)


def test_userinfo_adds_what_the_token_does_not_say_and_contradicts_nothing(
    company: SsoCompany, crooked: Crooked
) -> None:
    crooked.metadata = {"userinfo_endpoint": f"{crooked.issuer}/userinfo"}
    crooked.userinfo = {"sub": "u-1", "preferred_username": "uma", "name": "Impostor", "groups": ["money"]}
    acme = company.add(makes_people=True, roles={"money": ["finance"]})
    who = company.whose(company.sign_in(acme, name="Uma One"))
    assert (who.handle, who.name, who.roles) == ("uma", "Uma One", ("finance",))
    crooked.userinfo = {"sub": "u-2", "groups": ["money"]}
    assert company.refusal(acme) == "answer"


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_what_is_no_text_signs_nobody_in(company: SsoCompany, crooked: Crooked, text: str) -> None:
    crooked.metadata = {"userinfo_endpoint": f"{crooked.issuer}/userinfo"}
    acme = company.add(makes_people=True, links_by="email")
    some: Sequence[dict[str, Any]] = (
        {"email": text, "email_verified": True},
        {"preferred_username": text},
        {"sid": text},
        {text: 1},
    )
    for claims in some:
        assert company.refusal(acme, **claims) == "token"
    assert company.refusal(acme, text) == "token"
    crooked.userinfo = {"sub": "u-1", "email": text, "email_verified": True}
    with pytest.raises(ProviderUnavailable):
        company.sign_in(acme)
    crooked.answers["/token"] = lambda: (200, {}, json.dumps({"id_token": "a.b.c", "access_token": text}).encode())
    with pytest.raises(ProviderUnavailable):
        company.sign_in(acme)


WRONG: Sequence[Mapping[str, object]] = (
    {"issuer": "https://elsewhere.example"},
    {"jwks_uri": "http://elsewhere.example/jwks"},
    {"token_endpoint": "http://169.254.169.254/latest/meta-data"},
    {"token_endpoint": "file:///etc/passwd"},
    {"token_endpoint": "https://user:word@elsewhere.example/"},
    {"token_endpoint": "https://[::1/"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"authorization_endpoint": 'https://elsewhere.example/"><script>'},
    {"authorization_endpoint": "https://elsewhere.example/ x"},
    {"end_session_endpoint": "http://elsewhere.example/out"},
    {"jwks_uri": None},
    {"token_endpoint": 7},
    {"code_challenge_methods_supported": ["plain"]},
)


def test_a_provider_that_says_something_wrong_of_itself_is_not_added(company: SsoCompany, crooked: Crooked) -> None:
    for wrong in WRONG:
        crooked.metadata = dict(wrong)
        with pytest.raises(ProviderUnavailable):
            company.add()


def test_a_provider_that_answers_otherwise_than_it_should_is_not_waited_for_or_followed(
    company: SsoCompany, crooked: Crooked
) -> None:
    answers: Mapping[str, tuple[int, Mapping[str, str], bytes]] = {
        "a redirect": (302, {"location": f"{crooked.issuer}/elsewhere"}, b""),
        "a page": (200, {}, b"<html>"),
        "too much": (200, {}, b'{"issuer": "' + b"x" * 600_000 + b'"}'),
        "a list": (200, {}, b"[]"),
        "no text": (200, {}, b"\xff\xfe{}"),
        "a depth": (200, {}, b"[" * 100_000),
        "an error": (500, {}, b"{}"),
        "too short": (200, {"content-length": "1000"}, b"{}"),
    }
    for answer in answers.values():
        crooked.answers["/.well-known/openid-configuration"] = lambda answer=answer: answer
        with pytest.raises(ProviderUnavailable):
            company.add()
    assert crooked.asked["/elsewhere"] == 0


def test_an_answer_that_drips_is_cut_off(crooked: Crooked) -> None:
    fetcher = Fetcher(private=True, seconds=0.2)
    let_go = threading.Event()
    crooked.answers["/slow"] = lambda: ((let_go.wait(30) and 200) or 500, {}, b"{}")
    with pytest.raises(ProviderUnavailable, match="broke off"):
        fetcher.get(f"{crooked.issuer}/slow")
    let_go.set()


def test_a_provider_on_this_machine_is_not_asked_unless_the_operator_lets_it(crooked: Crooked) -> None:
    fetcher = Fetcher(private=False)
    port = urlsplit(crooked.issuer).port
    for url in (crooked.issuer, f"http://localhost:{port}/", f"https://127.0.0.1:{port}/", "https://localhost/"):
        with pytest.raises(ProviderUnavailable):
            fetcher.get(url)
    assert not crooked.asked

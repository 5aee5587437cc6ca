"""What ends here ends at the provider; what ends at the provider ends here, by session and by subject."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sso_company import SsoCompany

from jindou.errors import Unauthenticated
from jindou.identity.sso import LogoutRefused, Provider
from support.openid.crooked import Crooked, rsa_key, signed
from support.platform import FakeClock, as_person


@pytest.fixture
def acme(company: SsoCompany) -> Provider:
    return company.add(makes_people=True)


def lasts(company: SsoCompany, secret: str) -> bool:
    try:
        company.whose(secret)
    except Unauthenticated:
        return False
    return True


def hear(company: SsoCompany, provider: Provider, token: str) -> int:
    return company.platform.sso.signing_out.hear(provider.id, token)


def test_signing_out_goes_on_at_the_provider_with_the_token_as_a_hint(
    company: SsoCompany, crooked: Crooked, acme: Provider
) -> None:
    secret = company.sign_in(acme, preferred_username="uma")
    url = company.platform.sso.signing_out.leave(secret)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{crooked.issuer}/out?")
    assert asked["post_logout_redirect_uri"] == acme.logout_uri == "http://127.0.0.1:8787/sign-in"
    assert asked["id_token_hint"].startswith("eyJ")
    assert not lasts(company, secret)
    assert company.platform.sso.signing_out.leave(secret) == ""


def test_a_session_of_another_way_ends_here_alone(company: SsoCompany) -> None:
    clerk = as_person(company.platform, "clerk")
    with company.platform.database.writing(clerk.org_id) as work:
        secret = company.platform.sessions.open(work, clerk.org_id, clerk.person_id, clerk.person_id)
    assert company.platform.sso.signing_out.leave(secret) == ""
    assert not lasts(company, secret)
    assert company.platform.sso.signing_out.leave("forged") == ""


def test_a_provider_that_does_not_answer_keeps_nobody_signed_in(
    company: SsoCompany, crooked: Crooked, acme: Provider, clock: FakeClock
) -> None:
    secret = company.sign_in(acme, preferred_username="uma")
    clock.move(timedelta(hours=1))
    crooked.answers["/.well-known/openid-configuration"] = lambda: (500, {}, b"{}")
    assert company.platform.sso.signing_out.leave(secret) == ""
    assert not lasts(company, secret)


def test_a_logout_token_ends_one_session_or_all_of_a_subject(
    company: SsoCompany, crooked: Crooked, acme: Provider
) -> None:
    names = {"preferred_username": "uma"}
    one, two = company.sign_in(acme, sid="s-1", **names), company.sign_in(acme, sid="s-2", **names)
    other = company.sign_in(acme, "u-2", sid="s-3", preferred_username="umb")
    assert hear(company, acme, crooked.logout_token(sid="s-1")) == 1
    assert [lasts(company, secret) for secret in (one, two, other)] == [False, True, True]
    assert hear(company, acme, crooked.logout_token(sub="u-2", sid="s-2")) == 0, "Both have to be so."
    three = company.sign_in(acme, sid="s-4")
    assert hear(company, acme, crooked.logout_token(sub="u-1")) == 2
    assert [lasts(company, secret) for secret in (two, three, other)] == [False, False, True]
    ended = company.trail(1)[0]
    assert (ended.action, ended.actor, ended.rules) == ("sessions::close", acme.id, ["jindou.sso-backchannel-logout"])


def test_a_logout_token_that_is_sent_again_ends_nothing_new(
    company: SsoCompany, crooked: Crooked, acme: Provider, clock: FakeClock
) -> None:
    company.sign_in(acme, preferred_username="uma")
    token = crooked.logout_token(sub="u-1")
    assert hear(company, acme, token) == 1
    clock.move(timedelta(seconds=61))
    again = company.sign_in(acme)
    assert hear(company, acme, token) == 0
    assert lasts(company, again)


WRONG: Sequence[Mapping[str, Any]] = (
    {"aud": "another-client"},
    {"iss": "https://elsewhere.example"},
    {"events": {}},
    {"events": {"http://schemas.openid.net/event/backchannel-logout": True}},
    {"events": None},
    {"nonce": "of a sign-in"},
    {"sub": None},
    {"sub": 7},
    {"sid": ["s-1"]},
    {"jti": None},
    {"iat": None},
    {"exp": 1},
    {"iat": 1_000_000_000},
)


def test_a_logout_token_that_breaks_a_rule_ends_nothing(company: SsoCompany, crooked: Crooked, acme: Provider) -> None:
    secret = company.sign_in(acme, sid="s-1", preferred_username="uma")
    for wrong in WRONG:
        with pytest.raises(LogoutRefused):
            hear(company, acme, crooked.logout_token(**{"sub": "u-1", **wrong}))
        assert lasts(company, secret), wrong


def test_forged_tokens_and_unknown_providers_look_alike(company: SsoCompany, crooked: Crooked, acme: Provider) -> None:
    secret = company.sign_in(acme, sid="s-1", preferred_username="uma")
    token = crooked.logout_token(sub="u-1")
    head, body, signature = token.split(".")
    id_token = signed(crooked.key, crooked.claims(sub="u-1", nonce="n"))
    told: set[str] = set()
    for provider, given in (
        (acme, f"{head}.{body}.{signature[:-6]}AAAAAA"),
        (acme, f"{head}.{body}."),
        (acme, id_token),
        (acme, ""),
        (acme, "汉" * 9),
        (acme, "." * 200_000),
        (acme, signed(rsa_key("other"), crooked.claims(sub="u-1"), kid="first")),
        (acme.model_copy(update={"id": "idp_none"}), token),
    ):
        with pytest.raises(LogoutRefused) as refused:
            hear(company, provider, given)
        told.add(refused.value.message)
    assert len(told) == 1
    assert lasts(company, secret)


def test_what_came_of_a_provider_ends_when_it_is_turned_off(company: SsoCompany, acme: Provider) -> None:
    secret = company.sign_in(acme, preferred_username="uma")
    company.change(acme, enabled=False)
    assert not lasts(company, secret)

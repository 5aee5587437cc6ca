"""Of all tokens that a provider may send, the one that keeps every rule signs somebody in, and no other does."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Generator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sso_company import SsoCompany

from support.homes import copy_home
from support.openid.crooked import CLIENT, Crooked, Key, open_crooked, rsa_key, signed
from support.platform import FakeClock, open_platform
from support.scripted import refund_script

Forge = Callable[[Crooked, dict[str, Any]], str]


def _plain(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _unsigned(alg: str) -> Forge:
    return lambda _crooked, claims: f"{_plain({'alg': alg, 'kid': 'first'})}.{_plain(claims)}."


def _by_public_key(crooked: Crooked, claims: dict[str, Any]) -> str:
    """Sign with what everybody knows, as if it were a secret that two have."""
    assert isinstance(crooked.key, RSAKey)
    text = f"{_plain({'alg': 'HS256', 'kid': 'first'})}.{_plain(claims)}"
    digest = hmac.new(crooked.key.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


@cache
def rsa_other() -> RSAKey:
    """Return a key of the same name that is another."""
    return RSAKey.generate_key(2048, {"kid": "first"})


def _by_another(_crooked: Crooked, claims: dict[str, Any]) -> str:
    return signed(rsa_other(), claims)


def _by_own_words(crooked: Crooked, claims: dict[str, Any]) -> str:
    key = rsa_key("mine")
    return signed(key, claims, jwk=key.as_dict(private=False), kid=crooked.key.kid)


def _with(**changes: Any) -> Forge:
    def forge(crooked: Crooked, claims: dict[str, Any]) -> str:
        changed = {name: value for name, value in (claims | changes).items() if value is not None}
        return signed(crooked.key, changed)

    return forge


def _later(name: str, seconds: int) -> Forge:
    def forge(crooked: Crooked, claims: dict[str, Any]) -> str:
        return signed(crooked.key, claims | {name: int(crooked.clock.now().timestamp()) + seconds})

    return forge


def _headed(**header: Any) -> Forge:
    return lambda crooked, claims: signed(crooked.key, claims, **header)


def _demanding(crooked: Crooked, claims: dict[str, Any]) -> str:
    """Sign what no library would."""
    text = f"{_plain({'alg': 'RS256', 'kid': 'first', 'crit': ['fly'], 'fly': True})}.{_plain(claims)}"
    assert isinstance(crooked.key, RSAKey)
    private = crooked.key.private_key
    assert private is not None
    signature = private.sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _swapped(crooked: Crooked, claims: dict[str, Any]) -> str:
    head, _, signature = signed(crooked.key, claims).split(".")
    return f"{head}.{_plain(claims | {'sub': 'somebody-else'})}.{signature}"


WRONG: Mapping[str, Forge] = {
    "signed by nobody": _unsigned("none"),
    "signed by nobody, written otherwise": _unsigned("None"),
    "signed with the public key as a secret": _by_public_key,
    "signed by another key of that name": _by_another,
    "signed by a key that it brings along": _by_own_words,
    "signed by a key that is not published": _headed(kid="unheard-of"),
    "with other claims than were signed": _swapped,
    "of an algorithm that the provider does not publish": _headed(alg="RS512"),
    "no token at all": lambda _crooked, _claims: "ey.ey",
    "a token of five parts": lambda _crooked, _claims: "ey.ey.ey.ey.ey",
    "claims that are no object": lambda crooked, _claims: signed(crooked.key, ["sub"]),  # pyright: ignore[reportArgumentType]
    "from another issuer": _with(iss="https://elsewhere.example"),
    "from the issuer with a slash": lambda crooked, claims: signed(crooked.key, claims | {"iss": f"{crooked.issuer}/"}),
    "for somebody else": _with(aud="another-client"),
    "for several without a word to whom it was given": _with(aud=[CLIENT, "another-client"]),
    "for several and given to another": _with(aud=[CLIENT, "another-client"], azp="another-client"),
    "for us and given to another": _with(azp="another-client"),
    "for an audience that is no text": _with(aud=[{"client": CLIENT}]),
    "for no audience": _with(aud=None),
    "of another sign-in": _with(nonce="of another"),
    "of no sign-in": _with(nonce=None),
    "with a nonce that is no text": _with(nonce=7),
    "over": _later("exp", -60),
    "without an end": _with(exp=None),
    "with an end that is no number": _with(exp="2099-01-01"),
    "with an end that is a truth": _with(exp=True),
    "with an end beyond numbers": _with(exp=float("inf")),
    "made in the future": _later("iat", 61),
    "made at no time": _with(iat=None),
    "not valid yet": _later("nbf", 61),
    "of nobody": _with(sub=None),
    "of an empty subject": _with(sub=""),
    "of a subject that is no text": _with(sub=17),
    "of a subject that is too long": _with(sub="s" * 256),
    "of another access token": _with(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "with a demand that is not understood": _demanding,
    "a logout token": _headed(typ="logout+jwt"),
    "an access token": _headed(typ="at+jwt"),
}


@pytest.fixture(scope="module")
def opened(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[SsoCompany]:
    """A company for the whole module: what it refuses leaves nothing behind."""
    clock, home = FakeClock(), copy_home(made_home, tmp_path_factory.mktemp("tokens") / "home")
    with (
        open_crooked(clock) as crooked,
        open_platform(home, refund_script("SO-10007", 1.0), clock, sso_private=True) as platform,
    ):
        yield SsoCompany(platform, crooked)


@pytest.fixture
def crooked(opened: SsoCompany) -> Crooked:
    return opened.crooked


@pytest.fixture
def clock(opened: SsoCompany) -> FakeClock:
    return opened.crooked.clock


@pytest.fixture
def company(opened: SsoCompany, clock: FakeClock) -> SsoCompany:
    """The company without a provider, which has come to reason, and of which nothing is remembered any more."""
    opened.crooked.come_to_reason()
    clock.move(timedelta(hours=1))
    opened.remove_all()
    return opened


@pytest.fixture(params=[*WRONG], name="forge")
def forge_(request: pytest.FixtureRequest) -> Forge:
    return WRONG[request.param]


def test_a_token_that_breaks_a_rule_signs_nobody_in(company: SsoCompany, crooked: Crooked, forge: Forge) -> None:
    acme = company.add(links_by="handle")
    crooked.make_token = lambda claims: forge(crooked, claims)
    assert company.refusal(acme, preferred_username="clerk") == "token"
    (refused,) = company.trail(1)
    assert (refused.action, refused.decision, refused.actor) == ("sso::sign-in", "deny", acme.id)
    assert "eyJ" not in str(refused.detail)


@pytest.mark.parametrize(
    "right",
    [
        _later("exp", -59),
        _later("iat", 60),
        _later("nbf", 60),
        _with(aud=[CLIENT]),
        _with(aud=[CLIENT, "another-client"], azp=CLIENT),
        _with(at_hash=base64.urlsafe_b64encode(hashlib.sha256(b"at-1").digest()[:16]).decode().rstrip("=")),
        _headed(typ="JWT"),
        _headed(kid=None),
    ],
)
def test_a_token_at_the_edge_of_a_rule_signs_in(company: SsoCompany, crooked: Crooked, right: Forge) -> None:
    acme = company.add(links_by="handle")
    crooked.make_token = lambda claims: right(crooked, claims)
    assert company.whose(company.sign_in(acme, preferred_username="clerk")).handle == "clerk"


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (rsa_key("pss"), "PS256"),
        (ECKey.generate_key("P-256", {"kid": "ec"}), "ES256"),
        (ECKey.generate_key("P-384", {"kid": "ec"}), "ES384"),
        (OKPKey.generate_key("Ed25519", {"kid": "okp"}), "Ed25519"),
    ],
)
def test_every_algorithm_that_is_published_and_allowed_signs_in(
    company: SsoCompany, crooked: Crooked, key: Key, alg: str
) -> None:
    crooked.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none", alg]}
    crooked.published.append(key.as_dict(private=False))
    crooked.make_token = lambda claims: signed(key, claims, alg=alg)
    acme = company.add(links_by="handle")
    assert company.whose(company.sign_in(acme, preferred_username="clerk")).handle == "clerk"


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_what_is_published_but_not_allowed_signs_nobody_in(company: SsoCompany, crooked: Crooked, alg: str) -> None:
    crooked.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    acme = company.add(links_by="handle")
    forge = _unsigned("none") if alg == "none" else _by_public_key
    crooked.make_token = lambda claims: forge(crooked, claims)
    assert company.refusal(acme, preferred_username="clerk") == "token"


def test_a_key_that_is_weak_or_a_secret_has_signed_nothing(
    company: SsoCompany, crooked: Crooked, clock: FakeClock
) -> None:
    acme = company.add(links_by="handle")
    whole = dict(crooked.published[0])
    for published in (
        whole | {"n": whole["n"][:170]},
        {"kty": "oct", "kid": "first", "k": "c2VjcmV0"},
        whole | {"use": "enc"},
        whole | {"alg": "RS512"},
        {"kty": "RSA", "kid": "first", "n": 7, "e": None},
        {"kty": ["RSA"], "kid": "first"},
    ):
        crooked.published = [published]
        clock.move(timedelta(minutes=11))
        assert company.refusal(acme, preferred_username="clerk") == "token"


def test_a_new_key_is_asked_for_once(company: SsoCompany, crooked: Crooked, clock: FakeClock) -> None:
    acme = company.add(links_by="handle")
    company.sign_in(acme, preferred_username="clerk")
    clock.move(timedelta(minutes=1))
    crooked.rotate()
    company.sign_in(acme)
    company.sign_in(acme)
    assert crooked.asked["/jwks"] == 2


def test_forged_names_of_keys_have_the_provider_asked_twice_a_minute(
    company: SsoCompany, crooked: Crooked, clock: FakeClock
) -> None:
    acme = company.add(links_by="handle")
    crooked.make_token = lambda claims: signed(crooked.key, claims, kid="unheard-of")
    for _ in range(12):
        assert company.refusal(acme, preferred_username="clerk") == "token"
        clock.move(timedelta(seconds=5))
    assert crooked.asked["/jwks"] <= 3


def test_a_key_that_is_published_no_more_is_believed_for_ten_minutes(
    company: SsoCompany, crooked: Crooked, clock: FakeClock
) -> None:
    acme = company.add(links_by="handle")
    company.sign_in(acme, preferred_username="clerk")
    stolen = crooked.key
    crooked.rotate()
    crooked.make_token = lambda claims: signed(stolen, claims)
    clock.move(timedelta(minutes=10))
    assert company.refusal(acme, preferred_username="clerk") == "token"

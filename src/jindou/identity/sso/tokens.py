"""ID tokens and logout tokens: read, and believed only when every rule holds.

OpenID Connect Core 1.0, 3.1.3.7, and Back-Channel Logout 1.0, 2.6. The signature is checked by joserfc, the extra
``jindou[sso]``; what a token may say is checked here.
"""

import base64
import hashlib
import importlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from jindou.identity.sso.failures import SsoNotInstalled, TokenRefused
from jindou.plain_json import is_plain

__all__ = ["Expected", "KeySource", "allowed", "read_id_token", "read_logout_token", "require_installed"]

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""What a token may be signed with: never a secret that two have, and never nothing."""

_SKEW: Final = 60
"""Seconds by which the clocks of the two sides may differ."""

_LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_LASTS: Final = 300
_TYPES: Final = frozenset({"", "jwt"})
_LOGOUT_TYPES: Final = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})
_MOST: Final = 64 * 1024
_MOST_SUBJECT: Final = 255
_PARTS: Final = 3
_HASHES: Final = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "519": hashlib.sha512}

KeySource = Callable[[bool], Sequence[Mapping[str, Any]]]
"""Returns the provider's keys; fresh ones when it is told that none of them fits."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say: who made it, for whom, with what, and when it is now."""

    issuer: str
    client_id: str
    algorithms: Sequence[str]
    now: datetime


def allowed(published: Sequence[str]) -> list[str]:
    """Return those of a provider's algorithms that a token may be signed with."""
    return [one for one in published if one in ALGORITHMS]


def require_installed() -> None:
    """Make sure that what reads tokens is there.

    Raises:
        SsoNotInstalled: it is not; the message says how to get it.
    """
    _verifier()


def read_id_token(token: str, keys: KeySource, expected: Expected, *, nonce: str, access_token: str) -> dict[str, Any]:
    """Return the claims of an ID token that came for this very sign-in.

    Raises:
        TokenRefused: it breaks a rule; the message names it.
        ProviderUnavailable: the provider's keys can't be had.
    """
    header, claims = _read(token, keys, expected, _TYPES)
    _require_times(claims, expected, lasts=None)
    if not isinstance(claims.get("sub"), str) or not 1 <= len(claims["sub"]) <= _MOST_SUBJECT:
        raise TokenRefused("The token names no subject.")
    given = claims.get("nonce")
    if not isinstance(given, str) or not secrets.compare_digest(given.encode(errors="replace"), nonce.encode()):
        raise TokenRefused("The token's nonce is not the one of this sign-in.")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, str(header["alg"])):
        raise TokenRefused("The token's at_hash is not that of the access token.")
    return claims


def read_logout_token(token: str, keys: KeySource, expected: Expected) -> dict[str, Any]:
    """Return the claims of a logout token, which has a subject, a session id or both.

    Raises:
        TokenRefused: it breaks a rule; the message names it.
        ProviderUnavailable: the provider's keys can't be had.
    """
    _, claims = _read(token, keys, expected, _LOGOUT_TYPES)
    _require_times(claims, expected, lasts=_LOGOUT_LASTS)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(cast("dict[str, Any]", events).get(_LOGOUT), dict):
        raise TokenRefused("The token is none that logs out.")
    if "nonce" in claims:
        raise TokenRefused("A logout token has no nonce.")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise TokenRefused("The logout token has no id.")
    named = [claims[name] for name in ("sub", "sid") if name in claims]
    if not named or not all(isinstance(one, str) and one for one in named):
        raise TokenRefused("The logout token names neither a subject nor a session.")
    return claims


def _read(
    token: str, keys: KeySource, expected: Expected, types: frozenset[str]
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return header and claims, once issuer, audience and signature are those that they must be."""
    header, claims = _parts(token)
    if str(header.get("typ", "")).lower() not in types:
        raise TokenRefused("The token is of another type.")
    # Nobody's keys are fetched for a token that is not for us anyway.
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("The token is from another issuer.")
    _require_audience(claims, expected.client_id)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS or algorithm not in expected.algorithms:
        raise TokenRefused("The token is signed with an algorithm that is not allowed, or not signed.")
    if "crit" in header:
        raise TokenRefused("The token asks for what is not understood here.")
    verify = _verifier()
    if not any(verify(token, key, str(algorithm)) for key in _fitting(keys, header)):
        raise TokenRefused("The token's signature is not the provider's.")
    return header, claims


def _fitting(keys: KeySource, header: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the key that the token names, asking once more for it; without a name, every key of its kind."""
    for again in (False, True):
        found = [key for key in keys(again) if _fits(key, header)]
        if found:
            return found
        if "kid" not in header:
            break
    raise TokenRefused("The provider has no key by which the token is signed.")


def _fits(key: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
    algorithm = str(header["alg"])
    kinds = {"R": "RSA", "P": "RSA", "ES": "EC", "Ed": "OKP"}
    kind = kinds.get(algorithm[:1]) or kinds[algorithm[:2]]
    is_named = "kid" not in header or key.get("kid") == header["kid"]
    is_for_it = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    return is_named and is_for_it and key.get("kty") == kind


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pieces = token.split(".")
    if len(token) > _MOST or len(pieces) != _PARTS or not token.isascii():
        raise TokenRefused("It is no signed token.")
    try:
        header, claims = (
            json.loads(base64.b64decode(piece + "=" * (-len(piece) % 4), altchars=b"-_", validate=True))
            for piece in pieces[:2]
        )
    except (ValueError, RecursionError):
        raise TokenRefused("The token can't be read.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or not is_plain(cast("object", [header, claims])):
        raise TokenRefused("The token can't be read.")
    return cast("dict[str, Any]", header), cast("dict[str, Any]", claims)


def _require_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or client_id not in named:
        raise TokenRefused("The token is for somebody else.")
    if "azp" in claims and claims["azp"] != client_id:
        raise TokenRefused("The token was given to somebody else.")
    if len(cast("list[object]", named)) > 1 and "azp" not in claims:
        raise TokenRefused("The token is for several, and does not say to whom it was given.")


def _require_times(claims: Mapping[str, Any], expected: Expected, *, lasts: int | None) -> None:
    """Hold a token against the clock; one without an end lasts so many seconds, if that is allowed."""
    now = expected.now.timestamp()
    made, ends, begins = (_seconds(claims, name) for name in ("iat", "exp", "nbf"))
    if made is None or made > now + _SKEW:
        raise TokenRefused("The token was not made yet, or does not say when.")
    if lasts is not None and made + lasts + _SKEW < now:
        raise TokenRefused("The token is too old.")
    if (ends is None and lasts is None) or (ends is not None and ends + _SKEW <= now):
        raise TokenRefused("The token has expired, or does not say when.")
    if begins is not None and begins > now + _SKEW:
        raise TokenRefused("The token is not valid yet.")


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 40:
        raise TokenRefused(f"The token's {name} is no time.")
    return float(value)


def _half_hash(text: str, algorithm: str) -> str:
    digest = _HASHES[algorithm[-3:]](text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


def _verifier() -> Callable[[str, Mapping[str, Any], str], bool]:
    """Return what says whether a key of a provider has signed a token."""
    try:
        module = importlib.import_module("jindou.identity.sso.signatures")
    except ModuleNotFoundError as error:
        told = f"Single sign-on needs {error.name}, which is not installed: pip install 'jindou[sso]'."
        raise SsoNotInstalled(told) from None
    verify: Callable[[str, Mapping[str, Any], str], bool] = module.is_signed
    return verify

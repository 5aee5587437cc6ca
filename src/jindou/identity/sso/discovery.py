"""What a provider publishes of itself: its metadata (OpenID Connect Discovery 1.0) and its keys (RFC 7517)."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.identity.sso.failures import ProviderUnavailable
from jindou.identity.sso.fetching import Fetcher
from jindou.telemetry import Clock

__all__ = ["Discovery", "Metadata"]

_METADATA_LASTS: Final = timedelta(hours=1)
_KEYS_LAST: Final = timedelta(minutes=10)
_HURRY_REST: Final = timedelta(seconds=30)
"""How long nobody makes us ask for keys before their time again: whoever forges key ids has us ask no more often."""

_MOST_KEYS: Final = 100


class Metadata(BaseModel):
    """The metadata of a provider, as far as it matters here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    id_token_signing_alg_values_supported: Sequence[str] = ("RS256",)
    token_endpoint_auth_methods_supported: Sequence[str] = ("client_secret_basic",)
    code_challenge_methods_supported: Sequence[str] = ("S256",)
    authorization_response_iss_parameter_supported: bool = False
    backchannel_logout_supported: bool = False
    scopes_supported: Sequence[str] = ()

    def addresses(self) -> Sequence[str]:
        """Return every address that we or a browser go to."""
        optional = (self.userinfo_endpoint, self.end_session_endpoint)
        return [self.authorization_endpoint, self.token_endpoint, self.jwks_uri, *filter(None, optional)]


@dataclass(frozen=True, slots=True)
class _Known:
    """Something that was fetched, and when."""

    value: Any
    at: datetime


class Discovery:
    """Metadata and keys of providers, kept for a while."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: dict[str, _Known] = {}
        self._keys: dict[str, _Known] = {}
        self._hurried: dict[str, datetime] = {}

    def metadata(self, issuer: str) -> Metadata:
        """Return the metadata of an issuer, an hour old at most.

        Raises:
            ProviderUnavailable: it does not answer; it calls itself by another name; one of its addresses is none that
                may be asked; or it takes no code challenge of S256.
        """
        known = self._metadata.get(issuer)
        if known is not None and self._clock.now() < known.at + _METADATA_LASTS:
            return cast("Metadata", known.value)
        found = self._fetch_metadata(issuer)
        self._metadata[issuer] = _Known(found, self._clock.now())
        return found

    def keys(self, issuer: str, *, wanting: bool = False) -> list[Mapping[str, Any]]:
        """Return the keys of an issuer, ten minutes old at most; fresh ones if there is `wanting` of one.

        Raises:
            ProviderUnavailable: it does not answer with a set of keys.
        """
        known = self._keys.get(issuer)
        is_fresh = known is not None and self._clock.now() < known.at + _KEYS_LAST
        if known is not None and is_fresh and not (wanting and self._may_hurry(issuer)):
            return cast("list[Mapping[str, Any]]", known.value)
        found = self._fetch_keys(self.metadata(issuer).jwks_uri)
        self._keys[issuer] = _Known(found, self._clock.now())
        return found

    def _may_hurry(self, issuer: str) -> bool:
        """Say whether keys may be asked for before their time; then nobody else may for a while."""
        with self._lock:
            last = self._hurried.get(issuer)
            now = self._clock.now()
            if last is not None and now < last + _HURRY_REST:
                return False
            self._hurried[issuer] = now
            return True

    def _fetch_metadata(self, issuer: str) -> Metadata:
        content = self._fetcher.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = Metadata.model_validate(content, strict=False)
        except ValidationError as error:
            member = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ProviderUnavailable(f"{issuer} says something of itself that is wrong: {member}.") from None
        if found.issuer != issuer:
            told = f"The provider calls itself {found.issuer[:200]!r}, and not {issuer!r}: write it as it does."
            raise ProviderUnavailable(told)
        if "S256" not in found.code_challenge_methods_supported:
            raise ProviderUnavailable(f"{issuer} takes no code challenge of S256 (PKCE, RFC 7636).")
        for address in found.addresses():
            self._fetcher.check(address)
        return found

    def _fetch_keys(self, address: str) -> list[Mapping[str, Any]]:
        keys = self._fetcher.get(address).get("keys")
        if not isinstance(keys, list):
            raise ProviderUnavailable("The provider's keys are no set of keys.")
        named = cast("list[object]", keys)[:_MOST_KEYS]
        return [cast("Mapping[str, Any]", key) for key in named if isinstance(key, dict)]

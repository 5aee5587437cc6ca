"""The way to a provider and back: authorization code with PKCE (OpenID Connect Core 1.0; RFC 7636, 9207, 9700)."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from sqlalchemy import delete, select

from jindou.db import Work
from jindou.identity.audit import Entry
from jindou.identity.sessions import Arrival
from jindou.identity.sso.claims import Claims
from jindou.identity.sso.discovery import Metadata
from jindou.identity.sso.failures import SignInRefused, TokenRefused
from jindou.identity.sso.matching import recognise
from jindou.identity.sso.parts import SECRET, Parts
from jindou.identity.sso.sealing import seal
from jindou.identity.sso.tables import PendingSignInRow, ProviderRow, SsoSessionRow
from jindou.identity.sso.tokens import read_id_token, require_installed
from jindou.identity.sso.types import Entrance, Return, SignedIn, Start
from jindou.identity.unproven import make_room, source_of

__all__ = ["SigningIn"]

_TIME: Final = timedelta(minutes=10)
_OK: Final = 200


class SigningIn:
    """Sends browsers to providers, and signs in who comes back with a proof.

    A state is good for one return, in ten minutes, in the browser that went. The nonce and the code verifier are made
    of the state and of the browser's secret, so that the database has neither.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def entrances(self, work: Work, entrance: str = "") -> list[Entrance]:
        """Return the buttons of the sign-in page: that of `entrance`, and all where there is one organisation alone.

        Whoever does not know an entrance can't tell whether an organisation has one, or is there.
        """
        query = select(ProviderRow).where(ProviderRow.enabled).order_by(ProviderRow.id)
        rows = work.session.scalars(query.where(ProviderRow.entrance == entrance)).all()
        if not rows and self._parts.directory.organisations.is_alone(work):
            rows = work.session.scalars(query).all()
        return [Entrance(row.entrance, row.name) for row in rows]

    def start(self, entrance: str, browser: str, address: str = "") -> Start:
        """Begin to sign in; `browser` is the secret that the browser has of another tab, or an empty text.

        Raises:
            SignInRefused: there is no such entrance, or it is closed.
            ProviderUnavailable: the provider does not answer.
        """
        require_installed()
        with self._parts.database.reading(None) as work:
            known = select(ProviderRow).where(ProviderRow.entrance == entrance, ProviderRow.enabled)
            provider = work.session.scalars(known).first()
        if provider is None:
            raise _over()
        metadata = self._parts.discovery.metadata(provider.issuer)
        browser = browser or secrets.token_hex(32)
        with self._parts.database.writing(provider.org_id) as work:
            state = self._pend(work, provider, browser, source_of(address))
        asked = {
            "response_type": "code",
            "response_mode": "query",
            "client_id": provider.client_id,
            "redirect_uri": self._parts.addresses.redirect(provider.id),
            "scope": provider.scopes,
            "state": state,
            "nonce": _derived(browser, state, "nonce"),
            "code_challenge": _challenge(_derived(browser, state, "verifier")),
            "code_challenge_method": "S256",
        }
        there = metadata.authorization_endpoint
        return Start(f"{there}{'&' if urlsplit(there).query else '?'}{urlencode(asked)}", browser, provider.name)

    def finish(self, provider_id: str, back: Return, browser: str, arrival: Arrival) -> SignedIn:
        """Sign in whoever came back from a provider, and return the secret of their session.

        Raises:
            SignInRefused: a rule is broken; `reason` says which. The trail has it, once the browser is known.
            ProviderUnavailable: the provider does not answer.
        """
        provider = self._claim(provider_id, back.state, browser)
        try:
            token, claims = self._ask(provider, back, browser)
            with self._parts.database.writing(provider.org_id) as work:
                return self._open(work, provider, claims, token, arrival)
        except SignInRefused as error:
            self._record_refusal(provider, error)
            raise

    def _pend(self, work: Work, provider: ProviderRow, browser: str, source: str) -> str:
        named = _hash(source) if source else ""
        make_room(work, PendingSignInRow, named)
        state = work.random_token()
        row = PendingSignInRow(
            state_hash=_hash(state),
            provider_id=provider.id,
            browser_hash=_hash(browser),
            source=named,
            expires_at=work.now() + _TIME,
        )
        work.session.add(row)
        return state

    def _claim(self, provider_id: str, state: str, browser: str) -> ProviderRow:
        """Return the provider that a sign-in under way went to, and let nobody come back with its state again.

        Raises:
            SignInRefused: there is none such, it went to another provider or from another browser, or it is over.
        """
        with self._parts.database.writing(None) as work:
            pending = PendingSignInRow.state_hash == _hash(state)
            row = work.session.scalars(select(PendingSignInRow).where(pending)).first()
            fits = row is not None and hmac.compare_digest(row.browser_hash, _hash(browser))
            if row is None or not fits or row.provider_id != provider_id or row.expires_at <= work.now():
                raise _over()
            used = work.session.execute(delete(PendingSignInRow).where(pending).returning(PendingSignInRow.state_hash))
            provider = work.session.scalars(select(ProviderRow).where(ProviderRow.id == provider_id)).first()
            if used.first() is None or provider is None:
                raise _over()
        return provider

    def _ask(self, provider: ProviderRow, back: Return, browser: str) -> tuple[str, Claims]:
        """Exchange the code for an ID token and return it with what the provider says of the person."""
        metadata = self._parts.discovery.metadata(provider.issuer)
        if (back.issuer or metadata.authorization_response_iss_parameter_supported) and back.issuer != provider.issuer:
            raise SignInRefused("answer", "The answer is from another issuer than the one that was asked.")
        if not provider.enabled:
            raise SignInRefused("off", "Signing in with this provider is turned off.")
        if back.error or not back.code:
            raise SignInRefused("denied", "The provider has let nobody in.")
        answer = self._exchange(provider, metadata, back, _derived(browser, back.state, "verifier"))
        token, access = answer.get("id_token"), answer.get("access_token", "")
        if not isinstance(token, str) or not isinstance(access, str):
            raise SignInRefused("answer", "The provider gave no ID token.")
        nonce = _derived(browser, back.state, "nonce")
        try:
            claims = read_id_token(
                token,
                self._parts.keys(provider),
                self._parts.expected(provider, metadata),
                nonce=nonce,
                access_token=access,
            )
        except TokenRefused as error:
            raise SignInRefused("token", error.message) from None
        return token, Claims(claims, self._userinfo(metadata, access, str(claims["sub"])))

    def _exchange(self, provider: ProviderRow, metadata: Metadata, back: Return, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": back.code,
            "redirect_uri": self._parts.addresses.redirect(provider.id),
            "code_verifier": verifier,
        }
        basic = None
        if not provider.has_secret:
            form["client_id"] = provider.client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            basic = (provider.client_id, self._parts.keeper.held(provider.org_id, provider.id, SECRET))
        else:
            form["client_id"] = provider.client_id
            form["client_secret"] = self._parts.keeper.held(provider.org_id, provider.id, SECRET)
        status, answer = self._parts.fetcher.post(metadata.token_endpoint, form, basic)
        if status != _OK:
            raise SignInRefused("answer", f"The provider refused the code: {_known_error(answer)}.")
        return answer

    def _userinfo(self, metadata: Metadata, access_token: str, subject: str) -> dict[str, Any]:
        """Return what the userinfo endpoint says, if there is one; it counts only if it speaks of the same subject."""
        can_be_asked = access_token and access_token.isascii() and access_token.isprintable()
        if not metadata.userinfo_endpoint or not can_be_asked:
            return {}
        found = self._parts.fetcher.get(metadata.userinfo_endpoint, bearer=access_token)
        if found.get("sub") != subject:
            raise SignInRefused("answer", "The provider's userinfo speaks of somebody else.")
        return found

    def _open(self, work: Work, provider: ProviderRow, claims: Claims, token: str, arrival: Arrival) -> SignedIn:
        self._parts.directory.arrivals.hold(work, provider.org_id)
        # Read again, since it may have been changed while the provider was asked.
        now_set = work.session.scalars(select(ProviderRow).where(ProviderRow.id == provider.id)).first()
        if now_set is None or not now_set.enabled:
            raise SignInRefused("off", "Signing in with this provider is turned off.")
        person = recognise(self._parts, work, now_set, claims)
        work.session.flush()
        secret = self._parts.sessions.open(work, provider.org_id, person.id, person.id, arrival=arrival)
        work.session.flush()
        seat = self._parts.sessions.seat(work, secret)
        opened = work.now()
        work.session.execute(delete(SsoSessionRow).where(SsoSessionRow.expires_at <= opened))
        row = SsoSessionRow(
            session_id=seat.session_id,
            provider_id=provider.id,
            subject=claims.subject,
            sid=claims.sid,
            sealed_hint=seal(secret, token),
            opened_at=opened,
            expires_at=opened + self._parts.sessions.lasts,
        )
        work.session.add(row)
        return SignedIn(secret, provider.entrance)

    def _record_refusal(self, provider: ProviderRow, error: SignInRefused) -> None:
        detail: dict[str, object] = {"reason": error.reason, "told": error.message}
        entry = Entry(
            action="sso::sign-in",
            resource=provider.id,
            decision="deny",
            rules=[f"jindou.sso-{error.reason}"],
            detail=detail,
        )
        with self._parts.database.writing(provider.org_id) as work:
            self._parts.audit.append(work, provider.org_id, actor=provider.id, on_behalf_of="", entry=entry)


def _over() -> SignInRefused:
    return SignInRefused("expired", "This sign-in is over, was begun in another browser, or never was.")


def _known_error(answer: dict[str, Any]) -> str:
    """Return the code of an OAuth error (RFC 6749, 5.2), and nothing else that a provider may write there."""
    codes = {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"}
    told = answer.get("error")
    return told if isinstance(told, str) and told in codes else "without a known reason"


def _derived(browser: str, state: str, purpose: str) -> str:
    """Return 256 bits that only the browser's secret and the state make, base64url as PKCE wants them."""
    digest = hmac.new(
        browser.encode(), f"jindou.sso.{purpose}\0{state}".encode(errors="replace"), hashlib.sha256
    ).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="backslashreplace")).hexdigest()

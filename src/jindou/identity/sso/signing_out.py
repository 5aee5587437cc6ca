"""Signing out, both ways: RP-Initiated Logout 1.0, and Back-Channel Logout 1.0."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from sqlalchemy import delete, select

from jindou.db import Work
from jindou.errors import Unauthenticated
from jindou.identity.sso.failures import LogoutRefused, ProviderUnavailable, TokenRefused
from jindou.identity.sso.parts import Parts
from jindou.identity.sso.sealing import open_sealed
from jindou.identity.sso.tables import ProviderRow, SsoSessionRow
from jindou.identity.sso.tokens import read_logout_token, require_installed

__all__ = ["SigningOut"]

_SKEW: Final = timedelta(seconds=60)
_REFUSED: Final = "This logout token ends nothing here."
_MOST_HINT: Final = 4096


class SigningOut:
    """Ends at the provider what ends here, and here what ends at the provider."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def leave(self, secret: str) -> str:
        """End a session, and return where its browser signs out at the provider too, or an empty text.

        That is empty for a session that did not come of a provider, and where the provider does not say or answer.
        """
        with self._parts.database.writing(None) as work:
            found = self._came(work, secret)
            self._parts.sessions.close(work, secret)
            if found is not None:
                work.session.delete(found[1])
        if found is None:
            return ""
        provider, came = found
        try:
            there = self._parts.discovery.metadata(provider.issuer).end_session_endpoint
        except ProviderUnavailable:
            return ""
        if not there:
            return ""
        asked = {"client_id": provider.client_id, "post_logout_redirect_uri": self._parts.addresses.signed_out()}
        hint = open_sealed(secret, came.sealed_hint)
        if 0 < len(hint) <= _MOST_HINT:
            asked["id_token_hint"] = hint
        return f"{there}{'&' if urlsplit(there).query else '?'}{urlencode(asked)}"

    def hear(self, provider_id: str, token: str) -> int:
        """End the sessions that a provider's logout token speaks of: of its session id, else all of its subject.

        Sessions that were opened after the token was made go on, so that a token sent again ends nothing new.
        Return how many ended.

        Raises:
            LogoutRefused: there is no such provider, or the token breaks a rule; the two look alike.
        """
        require_installed()
        with self._parts.database.reading(None) as work:
            provider = work.session.scalars(select(ProviderRow).where(ProviderRow.id == provider_id)).first()
        if provider is None:
            raise _refusal()
        try:
            claims = self._read(provider, token)
        except (TokenRefused, ProviderUnavailable):
            raise _refusal() from None
        with self._parts.database.writing(provider.org_id) as work:
            return self._end(work, provider, claims)

    def _read(self, provider: ProviderRow, token: str) -> dict[str, Any]:
        expected = self._parts.expected(provider, self._parts.discovery.metadata(provider.issuer))
        return read_logout_token(token, self._parts.keys(provider), expected)

    def _end(self, work: Work, provider: ProviderRow, claims: dict[str, Any]) -> int:
        made = datetime.fromtimestamp(float(claims["iat"]), UTC)
        whose = [SsoSessionRow.provider_id == provider.id, SsoSessionRow.opened_at <= made + _SKEW]
        if "sub" in claims:
            whose.append(SsoSessionRow.subject == claims["sub"])
        if "sid" in claims:
            whose.append(SsoSessionRow.sid == claims["sid"])
        ids = work.session.scalars(select(SsoSessionRow.session_id).where(*whose)).all()
        work.session.execute(delete(SsoSessionRow).where(SsoSessionRow.session_id.in_(ids)))
        return self._parts.sessions.end(work, ids, provider.id, "jindou.sso-backchannel-logout")

    def _came(self, work: Work, secret: str) -> tuple[ProviderRow, SsoSessionRow] | None:
        """Return the provider by whose word a session was opened, or None."""
        try:
            session_id = self._parts.sessions.seat(work, secret).session_id
        except Unauthenticated:
            return None
        known = (
            select(ProviderRow, SsoSessionRow)
            .join(SsoSessionRow, SsoSessionRow.provider_id == ProviderRow.id)
            .where(SsoSessionRow.session_id == session_id)
        )
        row = work.session.execute(known).first()
        return (row[0], row[1]) if row is not None else None


def _refusal() -> LogoutRefused:
    return LogoutRefused(_REFUSED, field="logout_token", rule="OpenID Connect Back-Channel Logout 1.0, 2.6")

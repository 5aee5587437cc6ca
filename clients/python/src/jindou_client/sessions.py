"""Sessions: how somebody comes in. Opening one takes the local operator's key as the client's token."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import BreakGlass, Session, SessionToken, SignInLink

__all__ = ["Sessions"]


class Sessions:
    """Sign-in."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def open(self, person: str, organisation: str | None = None) -> SessionToken:
        """Sign in as the person with this handle, as the local operator; in the first organisation if none is named."""
        return self._transport.post(SessionToken, "/api/sessions", {"person": person, "organisation": organisation})

    def sign_in(self, person: str, password: str, code: str | None = None) -> SessionToken:
        """Sign in with a name, ``clerk`` or ``Acme/clerk``, a password, and where it is used a second factor's code."""
        given = {"person": person, "password": password, "code": code}
        return self._transport.post(SessionToken, "/api/sessions/password", given)

    def close(self) -> None:
        """End the session of one's own token."""
        self._transport.delete("/api/sessions/current")

    def list(self) -> Sequence[Session]:
        """Return where one is signed in, the newest first."""
        return self._transport.get(list[Session], "/api/sessions")

    def revoke(self, session_id: str) -> None:
        """End one of one's own sessions, at once."""
        self._transport.delete(f"/api/sessions/{session_id}")

    def revoke_all(self) -> None:
        """Sign out everywhere else: of every session but one's own token's."""
        self._transport.delete("/api/sessions")

    def broken_glass(self) -> Sequence[BreakGlass]:
        """Return for an administrator when the operator came in as somebody in an emergency, in the last week."""
        return self._transport.get(list[BreakGlass], "/api/sessions/break-glass")

    def break_glass(self, person: str, reason: str, *, minutes: int = 60) -> SignInLink:
        """Return a link that lets the operator in as this person in an emergency; every administrator is shown it."""
        asked: dict[str, object] = {"person": person, "reason": reason, "minutes": minutes}
        return self._transport.post(SignInLink, "/api/sessions/break-glass", asked)

    def sign_in_link(self, person: str, organisation: str | None = None) -> SignInLink:
        """Return a new one-time link that signs this person in to the console, as the local operator."""
        asked = {"person": person, "organisation": organisation}
        return self._transport.post(SignInLink, "/api/sign-in-links", asked)

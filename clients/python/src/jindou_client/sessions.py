"""Sessions: how somebody comes in. Opening one takes the local operator's key as the client's token."""

from jindou_client.transport import Transport
from jindou_client.types import SessionToken, SignInLink

__all__ = ["Sessions"]


class Sessions:
    """Sign-in."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def open(self, person: str, organisation: str | None = None) -> SessionToken:
        """Sign in as the person with this handle, as the local operator; in the first organisation if none is named."""
        return self._transport.post(SessionToken, "/api/sessions", {"person": person, "organisation": organisation})

    def close(self) -> None:
        """End the session of one's own token."""
        self._transport.delete("/api/sessions/current")

    def sign_in_link(self, person: str, organisation: str | None = None) -> SignInLink:
        """Return a new one-time link that signs this person in to the console, as the local operator."""
        asked = {"person": person, "organisation": organisation}
        return self._transport.post(SignInLink, "/api/sign-in-links", asked)

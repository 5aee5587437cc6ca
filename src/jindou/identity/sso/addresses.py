"""Our own addresses, as a provider has to know them: each is compared letter by letter."""

from dataclasses import dataclass

__all__ = ["Addresses"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses below the console's public one, which has no path."""

    public_url: str

    def entrance(self, entrance: str) -> str:
        """Return the sign-in page with a provider's button."""
        return f"{self.public_url}/sign-in?sso={entrance}"

    def redirect(self, provider_id: str) -> str:
        """Return where a browser comes back to; each provider has its own, so that none answers for another."""
        return f"{self.public_url}/sso/{provider_id}/callback"

    def backchannel(self, provider_id: str) -> str:
        """Return where a provider says that somebody has signed out there."""
        return f"{self.public_url}/sso/{provider_id}/backchannel-logout"

    def signed_out(self) -> str:
        """Return where a browser comes back to when it has signed out at the provider."""
        return f"{self.public_url}/sign-in"

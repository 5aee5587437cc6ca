"""Single sign-on: the identity providers of the organisation, for its administrators."""

from collections.abc import Mapping, Sequence

from jindou_client.transport import Transport
from jindou_client.types import ExternalIdentity, Provider, ProviderCheck

__all__ = ["Sso"]


class Sso:
    """Identity providers. A client secret goes in, and never comes out."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[Provider]:
        """Return the providers, the oldest first."""
        return self._transport.get(list[Provider], "/api/sso")

    def create(self, name: str, issuer: str, client_id: str, client_secret: str = "", **settings: object) -> Provider:
        """Add a provider, once it has answered; `settings` are the members of the request that have defaults.

        Raises:
            Unavailable: it does not answer as OpenID Connect says.
            Conflict: there is one of that issuer or name.
        """
        given = {"name": name, "issuer": issuer, "client_id": client_id, "client_secret": client_secret}
        return self._transport.post(Provider, "/api/sso", {**given, **settings})

    def get(self, provider_id: str) -> Provider:
        """Return one provider."""
        return self._transport.get(Provider, f"/api/sso/{provider_id}")

    def update(self, provider_id: str, **changes: object) -> Provider:
        """Change what is given of a provider; it counts at the next sign-in."""
        body: Mapping[str, object] = changes
        return self._transport.patch(Provider, f"/api/sso/{provider_id}", body)

    def delete(self, provider_id: str) -> None:
        """Remove a provider: its sessions end, and so do the links and the roles that came of it."""
        self._transport.delete(f"/api/sso/{provider_id}")

    def check(self, provider_id: str) -> ProviderCheck:
        """Ask a provider what it can do."""
        return self._transport.post(ProviderCheck, f"/api/sso/{provider_id}/check")

    def people(self, provider_id: str) -> Sequence[ExternalIdentity]:
        """Return whom a provider vouches for."""
        return self._transport.get(list[ExternalIdentity], f"/api/sso/{provider_id}/people")

    def unlink(self, provider_id: str, person_id: str) -> None:
        """Have a provider vouch for somebody no more, until they come again and are recognised."""
        self._transport.delete(f"/api/sso/{provider_id}/people/{person_id}")

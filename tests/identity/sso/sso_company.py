"""A company that signs in with an identity provider of ours, in one word each."""

from typing import Any

from jindou.assembly import Platform
from jindou.identity.audit import AuditEvent, AuditSearch
from jindou.identity.directory import NewProfile, Profile
from jindou.identity.directory.types import ProfileKind
from jindou.identity.principals import Principal
from jindou.identity.sessions import Arrival
from jindou.identity.sso import NewProvider, Provider, ProviderChange, SignInRefused
from support.openid.crooked import CLIENT, Crooked
from support.platform import as_person

__all__ = ["SECRET", "SsoCompany"]

SECRET = "kept-by-the-vault-alone"


class SsoCompany:
    """The demo company, its administrator, and its provider once it is added."""

    def __init__(self, platform: Platform, crooked: Crooked) -> None:
        self.platform = platform
        self.crooked = crooked
        self.manager = as_person(platform, "manager")

    def add(self, **settings: Any) -> Provider:
        """Add the provider."""
        given = {"name": "Acme", "issuer": self.crooked.issuer, "client_id": CLIENT, "client_secret": SECRET}
        return self.platform.sso.providers.create(self.manager, NewProvider.model_validate(given | settings))

    def change(self, provider: Provider, **change: Any) -> Provider:
        """Change the provider."""
        return self.platform.sso.providers.update(self.manager, provider.id, ProviderChange.model_validate(change))

    def remove_all(self) -> None:
        """Remove every provider."""
        with self.platform.database.writing(self.manager.org_id) as work:
            providers = self.platform.sso.providers
            for one in providers.list_providers(work, self.manager):
                providers.delete(work, self.manager, one.id)

    def start(self, provider: Provider, browser: str = "") -> tuple[str, str]:
        """Begin to sign in; return where the browser goes, and the secret that it keeps."""
        begun = self.platform.sso.signing_in.start(provider.sign_in_url.partition("sso=")[2], browser)
        return begun.url, begun.browser

    def sign_in(self, provider: Provider, subject: str = "u-1", **claims: Any) -> str:
        """Sign in, and return the secret of the session."""
        url, browser = self.start(provider)
        back = self.crooked.let_in(url, subject, **claims)
        return self.platform.sso.signing_in.finish(provider.id, back, browser, Arrival("sso")).secret

    def refusal(self, provider: Provider, subject: str = "u-1", **claims: Any) -> str:
        """Try to sign in, and return the reason why not."""
        try:
            self.sign_in(provider, subject, **claims)
        except SignInRefused as error:
            return error.reason
        raise AssertionError("It signed somebody in.")

    def whose(self, secret: str) -> Principal:
        """Return who a session is of."""
        with self.platform.database.reading(None) as work:
            return self.platform.sessions.principal(work, secret)

    def hire(self, handle: str, *roles: str, kind: ProfileKind = "person", **more: Any) -> Profile:
        """Add a person, or a service account."""
        new = NewProfile.model_validate({"handle": handle, "name": handle.title(), "roles": list(roles), **more})
        with self.platform.database.writing(self.manager.org_id) as work:
            return self.platform.directory.people.create(work, self.manager, new, kind=kind)

    def trail(self, limit: int = 20) -> list[AuditEvent]:
        """Return the end of the trail, the newest first."""
        with self.platform.database.reading(self.manager.org_id) as work:
            return self.platform.audit.search(work, self.manager, AuditSearch(limit=limit))

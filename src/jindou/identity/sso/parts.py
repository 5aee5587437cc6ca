"""What the verbs of single sign-on stand on."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from jindou.db import Database, Work
from jindou.identity.audit import Audit, Entry
from jindou.identity.directory import Directory
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal
from jindou.identity.sessions import Sessions
from jindou.identity.sso.addresses import Addresses
from jindou.identity.sso.discovery import Discovery, Metadata
from jindou.identity.sso.fetching import Fetcher
from jindou.identity.sso.tables import ProviderRow
from jindou.identity.sso.tokens import Expected, KeySource, allowed

__all__ = ["SECRET", "Hold", "Keeper", "Parts"]

SECRET = "oidc-client-secret"  # noqa: S105 - the name that it has in the vault


class Hold(Protocol):
    """Keeps credentials, and asks nobody any more."""

    def __call__(self, work: Work, holder_id: str, name: str, value: SecretStr, *, by: str) -> None:
        """Keep a credential of `holder_id`, in the place of the one before; `by` is who put it."""
        ...


class Keeper(Protocol):
    """The vault. What it holds for a part of the platform is on no list, and no tool gets it."""

    def holding(self) -> Hold:
        """Return what keeps credentials. A KMS may take seconds to answer: ask for it before a transaction."""
        ...

    def held(self, org_id: str, holder_id: str, name: str) -> str:
        """Return it; the unit of work is its own."""
        ...

    def revoke_all(self, work: Work, person_id: str) -> None:
        """Destroy all that somebody has."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The rooms beside and below, and the way to providers."""

    database: Database
    policy: Policy
    audit: Audit
    directory: Directory
    sessions: Sessions
    keeper: Keeper
    fetcher: Fetcher
    discovery: Discovery
    addresses: Addresses

    def require(self, who: Principal) -> list[str]:
        """Let only those pass who look after providers, and return by which rules.

        Raises:
            Forbidden: they do not; the rule is named.
        """
        resource = Resource("Organisation", who.org_id)
        return [rule.id for rule in self.policy.require(who, "sso::manage", resource, {}).rules]

    def expected(self, provider: ProviderRow, metadata: Metadata) -> Expected:
        """Return what a token of a provider has to say now."""
        algorithms = allowed(metadata.id_token_signing_alg_values_supported)
        return Expected(provider.issuer, provider.client_id, algorithms, self.database.clock.now())

    def keys(self, provider: ProviderRow) -> KeySource:
        """Return what returns a provider's keys."""
        return lambda wanting: self.discovery.keys(provider.issuer, wanting=wanting)

    def record(
        self, work: Work, who: Principal, action: str, resource: str, rules: list[str], **detail: object
    ) -> None:
        """Write into the trail what an administrator did."""
        entry = Entry(action=action, resource=resource, decision="allow", rules=rules, detail=detail)
        self.audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)

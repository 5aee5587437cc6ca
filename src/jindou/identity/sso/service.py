"""OpenID Connect single sign-on: an organisation's people sign in where they are known already."""

from sqlalchemy import delete

from jindou.db import Database, Work
from jindou.identity.audit import Audit
from jindou.identity.directory import Directory
from jindou.identity.policy import Policy
from jindou.identity.sessions import Sessions
from jindou.identity.sso.addresses import Addresses
from jindou.identity.sso.discovery import Discovery
from jindou.identity.sso.fetching import Fetcher
from jindou.identity.sso.parts import Keeper, Parts
from jindou.identity.sso.providers import Providers
from jindou.identity.sso.signing_in import SigningIn
from jindou.identity.sso.signing_out import SigningOut
from jindou.identity.sso.tables import ExternalIdentityRow

__all__ = ["Sso"]


class Sso:
    """`providers` for administrators; `signing_in` and `signing_out` for whoever stands at the door.

    `public_url` is the console's address as browsers and providers know it, without a path; `private` lets providers
    be on this machine or in a private network.
    """

    def __init__(
        self,
        database: Database,
        *,
        policy: Policy,
        audit: Audit,
        directory: Directory,
        sessions: Sessions,
        keeper: Keeper,
        public_url: str,
        private: bool,
    ) -> None:
        fetcher = Fetcher(private=private)
        parts = Parts(
            database=database,
            policy=policy,
            audit=audit,
            directory=directory,
            sessions=sessions,
            keeper=keeper,
            fetcher=fetcher,
            discovery=Discovery(fetcher, database.clock),
            addresses=Addresses(public_url),
        )
        self.providers = Providers(parts)
        self.signing_in = SigningIn(parts)
        self.signing_out = SigningOut(parts)

    @staticmethod
    def forget(work: Work, person_id: str) -> None:
        """Take nobody whom a provider vouches for to be this person any more."""
        work.session.execute(delete(ExternalIdentityRow).where(ExternalIdentityRow.person_id == person_id))

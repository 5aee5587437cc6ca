"""The identity providers of an organisation, for its administrators."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import SecretStr
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from jindou.db import Work
from jindou.identity.policy import Resource
from jindou.identity.principals import PersonRow, Principal
from jindou.identity.sso.failures import ProviderExists, no_provider
from jindou.identity.sso.parts import SECRET, Hold, Parts
from jindou.identity.sso.tables import ExternalIdentityRow, PendingSignInRow, ProviderRow, SsoSessionRow
from jindou.identity.sso.tokens import allowed, require_installed
from jindou.identity.sso.types import ExternalIdentity, LinksBy, NewProvider, Provider, ProviderChange, ProviderCheck

__all__ = ["Providers"]


class Providers:
    """Adds, changes, checks and removes providers. Every change is in the trail, and counts at the next sign-in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def may_manage(self, who: Principal) -> bool:
        """Say whether somebody looks after providers."""
        resource = Resource("Organisation", who.org_id)
        return self._parts.policy.decide(who, "sso::manage", resource, {}).verb == "allow"

    def list_providers(self, work: Work, who: Principal) -> list[Provider]:
        """Return the organisation's providers, the oldest first.

        Raises:
            Forbidden: who asks does not look after them.
        """
        self._parts.require(who)
        rows = work.session.scalars(select(ProviderRow).order_by(ProviderRow.id)).all()
        return [self._provider(work, row) for row in rows]

    def get(self, work: Work, who: Principal, provider_id: str) -> Provider:
        """Return one provider.

        Raises:
            Forbidden: who asks does not look after them.
            NotFound: there is none with that id.
        """
        self._parts.require(who)
        return self._provider(work, _row(work, provider_id))

    def create(self, who: Principal, new: NewProvider) -> Provider:
        """Add a provider, once it has answered; the units of work are its own, since that may take seconds.

        Raises:
            Forbidden: who asks does not look after them.
            ProviderUnavailable: it does not answer as OpenID Connect says.
            ProviderExists: the organisation has one of that issuer or name.
            UnknownRole: no rule names one of the roles that it would give.
            SsoNotInstalled: the extra ``jindou[sso]`` is missing.
        """
        rules = self._parts.require(who)
        require_installed()
        self._require_roles(who, new.roles, new.new_roles)
        self._parts.discovery.metadata(new.issuer)
        hold = self._parts.keeper.holding() if new.client_secret.get_secret_value() else None
        with self._parts.database.writing(who.org_id) as work:
            now = work.now()
            row = ProviderRow(
                id=work.new_id("idp"),
                entrance=work.random_token()[:32],
                **new.model_dump(exclude={"client_secret"}),
                has_secret=False,
                enabled=True,
                changed_by=who.person_id,
                version=1,
                created_at=now,
                updated_at=now,
            )
            work.session.add(row)
            _flush(work)
            self._keep(work, who, row, new.client_secret, hold)
            told = new.model_dump(exclude={"client_secret"})
            self._parts.record(work, who, "sso::create", row.id, rules, **told, has_secret=row.has_secret)
            return self._provider(work, row)

    def update(self, who: Principal, provider_id: str, change: ProviderChange) -> Provider:
        """Change what is given of a provider. The sessions that came of one that is turned off end.

        The unit of work is its own, since a KMS is asked before it.

        Raises:
            Forbidden, NotFound: as `get` says.
            ProviderExists: another one has that name.
            UnknownRole: no rule names one of the roles that it would give, and did not before.
        """
        rules = self._parts.require(who)
        given = change.client_secret
        hold = self._parts.keeper.holding() if given is not None and given.get_secret_value() else None
        with self._parts.database.writing(who.org_id) as work:
            return self._update(work, who, _row(work, provider_id), change, (rules, hold))

    def _update(
        self, work: Work, who: Principal, row: ProviderRow, change: ProviderChange, by: tuple[list[str], Hold | None]
    ) -> Provider:
        rules, hold = by
        self._require_roles(who, change.roles or {}, change.new_roles or [], row)
        given = {
            name: value for name, value in change.model_dump(exclude={"client_secret"}).items() if value is not None
        }
        changed = {name: value for name, value in given.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
        is_new_secret = change.client_secret is not None
        if change.client_secret is not None:
            self._keep(work, who, row, change.client_secret, hold)
        if not changed and not is_new_secret:
            return self._provider(work, row)
        row.version += 1
        row.updated_at, row.changed_by = work.now(), who.person_id
        _flush(work)
        if not row.enabled:
            self.end_sessions(work, row, who.actor)
        self._parts.record(work, who, "sso::update", row.id, rules, **changed, secret_changed=is_new_secret)
        return self._provider(work, row)

    def delete(self, work: Work, who: Principal, provider_id: str) -> None:
        """Remove a provider: its sessions end, nobody is linked to it any more, and the roles by its groups go.

        Raises:
            Forbidden, NotFound: as `get` says.
        """
        rules = self._parts.require(who)
        row = _row(work, provider_id)
        self.end_sessions(work, row, who.actor)
        for identity in work.session.scalars(_identities(row.id)).all():
            self._part(work, row, identity)
        self._parts.keeper.revoke_all(work, row.id)
        work.session.execute(delete(PendingSignInRow).where(PendingSignInRow.provider_id == row.id))
        work.session.delete(row)
        self._parts.record(work, who, "sso::delete", row.id, rules, name=row.name, issuer=row.issuer)

    def check(self, who: Principal, provider_id: str) -> ProviderCheck:
        """Ask a provider what it can do; the unit of work is its own.

        Raises:
            Forbidden, NotFound: as `get` says.
            ProviderUnavailable: it does not answer as OpenID Connect says.
        """
        self._parts.require(who)
        require_installed()
        with self._parts.database.reading(who.org_id) as work:
            row = _row(work, provider_id)
            issuer, needed = row.issuer, _needed_scopes(row) - set(row.scopes.split())
        found = self._parts.discovery.metadata(issuer)
        return ProviderCheck(
            issuer=issuer,
            algorithms=allowed(found.id_token_signing_alg_values_supported),
            keys=len(self._parts.discovery.keys(issuer)),
            names_itself=found.authorization_response_iss_parameter_supported,
            ends_sessions=bool(found.end_session_endpoint),
            backchannel_logout=found.backchannel_logout_supported,
            missing_scopes=sorted(needed & set(found.scopes_supported)),
        )

    def list_identities(self, work: Work, who: Principal, provider_id: str) -> list[ExternalIdentity]:
        """Return whom a provider vouches for.

        Raises:
            Forbidden, NotFound: as `get` says.
        """
        self._parts.require(who)
        row = _row(work, provider_id)
        known = (
            select(ExternalIdentityRow, PersonRow)
            .join(PersonRow, PersonRow.id == ExternalIdentityRow.person_id)
            .where(ExternalIdentityRow.provider_id == row.id)
            .order_by(PersonRow.handle)
        )
        return [_identity(identity, person) for identity, person in work.session.execute(known)]

    def unlink(self, work: Work, who: Principal, provider_id: str, person_id: str) -> None:
        """Have a provider vouch for somebody no more, until they come again and are recognised.

        Raises:
            Forbidden, NotFound: as `get` says, or it does not vouch for such a person.
        """
        rules = self._parts.require(who)
        row = _row(work, provider_id)
        of_theirs = _identities(row.id).where(ExternalIdentityRow.person_id == person_id)
        identity = work.session.scalars(of_theirs).first()
        if identity is None:
            raise no_provider()
        self.end_sessions(work, row, who.actor, subject=identity.subject)
        self._part(work, row, identity)
        self._parts.record(work, who, "sso::unlink", row.id, rules, person=person_id, subject=identity.subject)

    def end_sessions(self, work: Work, row: ProviderRow, actor: str, *, subject: str | None = None) -> int:
        """End the sessions that came of a provider, or of one subject there; return how many there were."""
        came = SsoSessionRow.provider_id == row.id
        whose = came if subject is None else came & (SsoSessionRow.subject == subject)
        ids = work.session.scalars(select(SsoSessionRow.session_id).where(whose)).all()
        work.session.execute(delete(SsoSessionRow).where(whose))
        return self._parts.sessions.end(work, ids, actor, "jindou.sso")

    def _part(self, work: Work, row: ProviderRow, identity: ExternalIdentityRow) -> None:
        added = list(map(str, identity.added_roles))
        self._parts.directory.arrivals.give(work, identity.person_id, row.id, wanted=(), added=added)
        work.session.delete(identity)

    def _require_roles(
        self, who: Principal, mapped: Mapping[str, Sequence[str]], new: Sequence[str], row: ProviderRow | None = None
    ) -> None:
        """Let roles pass that a rule names, or that the provider gave before."""
        before = [role for roles in row.roles.values() for role in roles] if row else []
        given = [role for roles in mapped.values() for role in roles]
        self._parts.directory.require_roles(who, given, before)
        self._parts.directory.require_roles(who, new, row.new_roles if row else (), field="new_roles")

    def _keep(self, work: Work, who: Principal, row: ProviderRow, value: SecretStr, hold: Hold | None) -> None:
        """Have the vault keep a client secret; an empty one is none."""
        if hold is not None:
            hold(work, row.id, SECRET, value, by=who.name)
            row.has_secret = True
        else:
            self._parts.keeper.revoke_all(work, row.id)
            row.has_secret = False

    def _provider(self, work: Work, row: ProviderRow) -> Provider:
        counted = select(func.count(ExternalIdentityRow.person_id)).where(ExternalIdentityRow.provider_id == row.id)
        addresses = self._parts.addresses
        return Provider(
            id=row.id,
            name=row.name,
            issuer=row.issuer,
            client_id=row.client_id,
            has_secret=row.has_secret,
            scopes=row.scopes,
            groups_claim=row.groups_claim,
            external_id_claim=row.external_id_claim,
            roles=cast("dict[str, list[str]]", row.roles),
            makes_people=row.makes_people,
            new_roles=list(map(str, row.new_roles)),
            links_by=cast("LinksBy", row.links_by),
            enabled=row.enabled,
            sign_in_url=addresses.entrance(row.entrance),
            redirect_uri=addresses.redirect(row.id),
            logout_uri=addresses.signed_out(),
            backchannel_logout_uri=addresses.backchannel(row.id),
            people=work.session.scalar(counted) or 0,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _row(work: Work, provider_id: str) -> ProviderRow:
    row = work.session.scalars(select(ProviderRow).where(ProviderRow.id == provider_id)).first()
    if row is None:
        raise no_provider()
    return row


def _needed_scopes(row: ProviderRow) -> set[str]:
    """Return the scopes without which most providers do not say what the settings of one look at."""
    groups = {row.groups_claim} if row.roles else set[str]()
    return groups | ({"email"} if row.links_by == "email" else set[str]())


def _identities(provider_id: str) -> Any:
    return select(ExternalIdentityRow).where(ExternalIdentityRow.provider_id == provider_id)


def _flush(work: Work) -> None:
    try:
        work.session.flush()
    except IntegrityError:
        raise ProviderExists("There is an identity provider with that issuer or that name already.") from None


def _identity(row: ExternalIdentityRow, person: PersonRow) -> ExternalIdentity:
    return ExternalIdentity(
        person_id=person.id,
        handle=person.handle,
        name=person.name,
        active=person.active,
        subject=row.subject,
        linked_by=row.linked_by,
        added_roles=list(map(str, row.added_roles)),
        created_at=row.created_at,
        signed_in_at=row.signed_in_at,
    )

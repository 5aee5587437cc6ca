"""Who it is that a provider vouches for: somebody known, somebody recognised, somebody new, or nobody."""

from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy import ColumnElement, func, select

from jindou.db import Work
from jindou.errors import Invalid
from jindou.identity.directory import NewProfile
from jindou.identity.principals import NameTaken, PersonRow
from jindou.identity.sso.claims import Claims
from jindou.identity.sso.failures import SignInRefused
from jindou.identity.sso.parts import Parts
from jindou.identity.sso.tables import ExternalIdentityRow, ProviderRow

__all__ = ["recognise"]


def recognise(parts: Parts, work: Work, provider: ProviderRow, claims: Claims) -> PersonRow:
    """Return the person of a sign-in, with the roles that their groups give them now.

    Somebody known is found by issuer and subject alone. Who comes for the first time is recognised by their external
    id, then by what the provider's setting says; else they are made, if it says so.

    Raises:
        SignInRefused: it is nobody here, two people, somebody whom another subject speaks for, or somebody inactive.
    """
    identity = _known(work, provider, claims.subject) or _link(parts, work, provider, claims)
    person = work.session.scalars(select(PersonRow).where(PersonRow.id == identity.person_id)).one()
    if not person.active:
        raise SignInRefused("inactive", "This person is deactivated.")
    wanted = _wanted(provider, claims, person)
    added = list(map(str, identity.added_roles))
    identity.added_roles = parts.directory.arrivals.give(work, person.id, provider.id, wanted=wanted, added=added)
    identity.signed_in_at = work.now()
    return person


def _wanted(provider: ProviderRow, claims: Claims, person: PersonRow) -> set[str]:
    """Return the roles that somebody's groups give, but to whoever set the provider none that they have not."""
    groups = claims.groups(provider.groups_claim)
    wanted = {str(role) for group, roles in provider.roles.items() if group in groups for role in roles}
    return wanted & set(map(str, person.roles)) if person.id == provider.changed_by else wanted


def _known(work: Work, provider: ProviderRow, subject: str) -> ExternalIdentityRow | None:
    here = ExternalIdentityRow.provider_id == provider.id, ExternalIdentityRow.subject == subject
    return work.session.scalars(select(ExternalIdentityRow).where(*here)).first()


def _link(parts: Parts, work: Work, provider: ProviderRow, claims: Claims) -> ExternalIdentityRow:
    person_id, by = _recognised(work, provider, claims)
    if person_id is None:
        person_id, by = _made(parts, work, provider, claims), "made"
    now = work.now()
    identity = ExternalIdentityRow(
        provider_id=provider.id,
        subject=claims.subject,
        person_id=person_id,
        added_roles=[],
        linked_by=by,
        created_at=now,
        signed_in_at=now,
    )
    work.session.add(identity)
    return identity


def _recognised(work: Work, provider: ProviderRow, claims: Claims) -> tuple[str | None, str]:
    """Return whom of those who are here the claims speak of, and by what that is known.

    Raises:
        SignInRefused: they speak of two, or of somebody for whom another subject speaks already.
    """
    external_id, email = claims.external_id(provider.external_id_claim), claims.email()
    ways: list[tuple[str, ColumnElement[bool]]] = []
    if external_id:
        ways.append(("external_id", PersonRow.external_id == external_id))
    if provider.links_by == "email" and email:
        # Capitals make no difference among plain letters alone: a Kelvin sign is no k of somebody else's address.
        is_theirs = func.lower(PersonRow.email) == email.lower() if email.isascii() else PersonRow.email == email
        ways.append(("email", is_theirs))
    if provider.links_by == "handle" and claims.handles():
        ways.append(("handle", PersonRow.handle == claims.handles()[0]))
    for by, condition in ways:
        found = work.session.scalars(select(PersonRow.id).where(PersonRow.kind == "person", condition)).all()
        if found:
            return _only(work, provider, found), by
    return None, ""


def _only(work: Work, provider: ProviderRow, found: Sequence[str]) -> str:
    if len(found) > 1:
        raise SignInRefused("ambiguous", "The provider's words fit several people here.")
    theirs = ExternalIdentityRow.provider_id == provider.id, ExternalIdentityRow.person_id == found[0]
    if work.session.scalars(select(ExternalIdentityRow.subject).where(*theirs)).first() is not None:
        raise SignInRefused("linked", "Another account of the provider is linked to this person already.")
    return found[0]


def _made(parts: Parts, work: Work, provider: ProviderRow, claims: Claims) -> str:
    """Make a person of whoever comes for the first time, if the provider's setting says so; return their id.

    Raises:
        SignInRefused: it does not, or somebody has their handle.
    """
    if not provider.makes_people:
        raise SignInRefused("unknown", "The provider knows this person, and nobody here does.")
    external_id = claims.external_id(provider.external_id_claim) or None
    for handle in claims.handles():
        try:
            new = NewProfile(
                handle=handle,
                name=claims.name() or handle,
                email=claims.email(),
                roles=list(map(str, provider.new_roles)),
                language="zh" if claims.language() == "zh" else "en",
                external_id=external_id,
            )
            return parts.directory.arrivals.join(work, provider.org_id, provider.id, new)
        except NameTaken:
            raise SignInRefused("taken", "Somebody here has that handle, or one that looks like it.") from None
        except (Invalid, ValidationError):
            continue  # The next one may be a handle.
    raise SignInRefused("unknown", "The provider tells no name that can be a handle here.")

"""`jindou sso`."""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any, Literal

import typer

from jindou.errors import Invalid
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client import Client
from jindou_client.errors import NotFound
from jindou_client.types import Provider

__all__ = ["group"]

group = command_group("Single sign-on: providers that people sign in with.")

ProviderName = Annotated[str, typer.Argument(metavar="PROVIDER", help="A provider's name or id.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="Roles of a group: NAME=role,role; may be repeated.")]
NewRoles = Annotated[
    list[str] | None, typer.Option("--new-role", help="A role of those who are made; may be repeated.")
]
LinksBy = Literal["nothing", "email", "handle"]
Links = Annotated[LinksBy | None, typer.Option("--link-by", help="What else makes somebody here the one who comes.")]
Makes = Annotated[bool | None, typer.Option("--make-people/--no-make-people", help="Make whoever comes first.")]
Claim = Annotated[str | None, typer.Option("--groups-claim", help="The claim with the groups.")]
ExternalId = Annotated[str | None, typer.Option("--external-id-claim", help="The claim with the external id (SCIM).")]
Scopes = Annotated[str | None, typer.Option("--scopes", help="The scopes to ask for, with blanks between.")]


Settings = Mapping[str, object]


def _settings(
    *,
    group_: Groups = None,
    new_role: NewRoles = None,
    link_by: Links = None,
    make_people: Makes = None,
    groups_claim: Claim = None,
    external_id_claim: ExternalId = None,
    scopes: Scopes = None,
) -> Settings:
    """Return what the options say that a new provider and a change of one have alike."""
    return _given(
        roles=_mapping(group_),
        new_roles=new_role,
        links_by=link_by,
        makes_people=make_people,
        groups_claim=groups_claim,
        external_id_claim=external_id_claim,
        scopes=scopes,
    )


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `_settings`, in the place of its `settings`, which is what they say."""
    shared = inspect.signature(_settings).parameters
    own = list(inspect.signature(command).parameters.values())
    at = [parameter.name for parameter in own].index("settings")

    @wraps(command)
    def run(**given: object) -> None:
        typed: dict[str, Any] = {name: given.pop(name) for name in shared}
        command(settings=_settings(**typed), **given)

    parameters = [*own[:at], *shared.values(), *own[at + 1 :]]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    return run


@group.command("list")
def list_providers(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List the identity providers."""
    with signed_in(home, person, language) as seat:
        found = seat.client.sso.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (one.name, words.value("on" if one.enabled else "off"), str(one.people), one.id, one.issuer) for one in found
    ]
    table(words.columns("provider", "state", "people", "id", "issuer"), rows, right=(2,))


@group.command("add")
@_with_settings
def add(
    name: Annotated[str, typer.Argument(help="What its button says.")],
    issuer: Annotated[str, typer.Argument(help="Its issuer, as it writes it itself: https://…")],
    client_id: Annotated[str, typer.Argument(metavar="CLIENT-ID", help="The id that it knows Jindou by.")],
    *,
    public: Annotated[bool, typer.Option("--public", help="It gave no client secret.")] = False,
    settings: Settings,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add a provider; its secret comes from stdin or a prompt."""
    with signed_in(home, person, language) as seat:
        secret = "" if public else _secret()
        made = seat.client.sso.create(name, issuer, client_id, secret, **settings)
    _show(made, as_json=as_json)


@group.command("show")
def show(
    provider: ProviderName,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show a provider, and the addresses that it has to know."""
    with signed_in(home, person, language) as seat:
        _show(_find(seat.client, provider), as_json=as_json)


@group.command("update")
@_with_settings
def update(
    provider: ProviderName,
    *,
    name: Annotated[str | None, typer.Option(help="What its button says.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", help="The id that it knows Jindou by.")] = None,
    new_secret: Annotated[bool, typer.Option("--secret", help="Give it another client secret, from stdin.")] = False,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether people sign in with it.")] = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="Let no group give a role.")] = False,
    settings: Settings,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change an identity provider; what is not named stays."""
    given = {**settings, **_given(name=name, client_id=client_id, enabled=enabled, roles={} if no_groups else None)}
    with signed_in(home, person, language) as seat:
        found = _find(seat.client, provider)
        if new_secret:
            given["client_secret"] = _secret()
        _show(seat.client.sso.update(found.id, **given), as_json=as_json)


@group.command("check")
def check(
    provider: ProviderName,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask an identity provider what it can do."""
    with signed_in(home, person, language) as seat:
        found = seat.client.sso.check(_find(seat.client, provider).id)
    if as_json:
        document(found)
        return
    yes = {True: "yes", False: "no"}
    typer.echo(one_line(f"{found.issuer} answers, with {found.keys} keys: {', '.join(found.algorithms)}"))
    typer.echo(f"names itself when it answers (RFC 9207): {yes[found.names_itself]}")
    typer.echo(f"can be told that somebody signs out: {yes[found.ends_sessions]}")
    typer.echo(f"tells that somebody has signed out: {yes[found.backchannel_logout]}")
    for scope in found.missing_scopes:
        typer.echo(one_line(f"its settings need the scope {scope}, which they do not ask for (--scopes)"))


@group.command("identities")
def identities(
    provider: ProviderName,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List whom an identity provider vouches for."""
    with signed_in(home, person, language) as seat:
        found = seat.client.sso.people(_find(seat.client, provider).id)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (one.handle, one.linked_by, ", ".join(one.added_roles), moment(one.signed_in_at), one.person_id, one.subject)
        for one in found
    ]
    table(words.columns("person", "recognised by", "roles by groups", "last came", "id", "subject"), rows)


@group.command("unlink")
def unlink(
    provider: ProviderName,
    handle: Annotated[str, typer.Argument(metavar="PERSON", help="The handle of somebody it vouches for.")],
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Have a provider vouch for somebody no more."""
    with signed_in(home, person, language) as seat:
        found = _find(seat.client, provider)
        known = [one for one in seat.client.sso.people(found.id) if handle in {one.handle, one.person_id}]
        if not known:
            raise typer.BadParameter(f"{found.name} vouches for nobody called {handle!r}")
        seat.client.sso.unlink(found.id, known[0].person_id)
    _done(f"{found.name} vouches for {known[0].handle} no more.", {"unlinked": known[0].person_id}, as_json=as_json)


@group.command("remove")
def remove(
    provider: ProviderName,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Remove a provider, with all that came of it.

    Sessions of people who came by it end, and links and roles by it are taken away.
    """
    with signed_in(home, person, language) as seat:
        found = _find(seat.client, provider)
        seat.client.sso.delete(found.id)
    _done(f"{found.name} is removed.", {"removed": found.id}, as_json=as_json)


def _given(**settings: object) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value is not None}


def _mapping(groups: Sequence[str] | None) -> Mapping[str, list[str]] | None:
    """Return the roles by group of ``NAME=role,role``; the last sign of equality parts the two."""
    if groups is None:
        return None
    parted = [one.rpartition("=") for one in groups]
    wrong = next((whole for whole, (name, _, _) in zip(groups, parted, strict=True) if not name), None)
    if wrong is not None:
        raise typer.BadParameter(f"{wrong!r}: write a group and its roles as NAME=role,role")
    return {name: [role.strip() for role in roles.split(",") if role.strip()] for name, _, roles in parted}


def _find(client: Client, provider: str) -> Provider:
    found = next((one for one in client.sso.list() if provider in {one.id, one.name}), None)
    if found is None:
        raise NotFound(
            f"There is no identity provider {provider!r}; `jindou sso list` shows those there are.", code="not_found"
        )
    return found


def _secret() -> str:
    """Return the client secret that was typed, unseen, or piped in; never an argument, which other users could see."""
    if sys.stdin.isatty():
        value: str = typer.prompt("Client secret", hide_input=True, err=True)
        return value
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Invalid("The client secret is not text in UTF-8.", field="client_secret", rule="UTF-8") from None


def _show(provider: Provider, *, as_json: bool) -> None:
    if as_json:
        document(provider)
        return
    state = "on" if provider.enabled else "off"
    typer.echo(one_line(f"{provider.id}: {provider.name} · {provider.issuer} · {state} · {provider.people} people"))
    for what, address in (
        ("redirect URI", provider.redirect_uri),
        ("after signing out", provider.logout_uri),
        ("back-channel logout", provider.backchannel_logout_uri),
        ("sign-in page", provider.sign_in_url),
    ):
        typer.echo(f"  {what:20}{address}")


def _done(text: str, told: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        document(told)
    else:
        typer.echo(one_line(text))

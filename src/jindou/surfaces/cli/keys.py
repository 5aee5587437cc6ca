"""`jindou keys`."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou_client.types import Key, KeyScope, NewKey

__all__ = ["SCOPES", "KeyId", "Scope", "group", "tell_key", "tell_keys"]

group = command_group("Keys: what programs show to ask a model in your name.")


class Scope(StrEnum):
    """What a key is good for."""

    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    MODELS = "models"
    SCIM = "scim"


SCOPES: Mapping[Scope, KeyScope] = {
    Scope.COMPLETIONS: "completions",
    Scope.EMBEDDINGS: "embeddings",
    Scope.MODELS: "models",
    Scope.SCIM: "scim",
}
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="A key: key_…")]


@group.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What you will know it by.")],
    *,
    person: As = "clerk",
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days it is good for.  [default: for ever]")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only for this model; may be repeated.")] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="Only for requests of this kind; may be repeated.  [default: all]")
    ] = None,
    assistant: Annotated[str | None, typer.Option(help="What the bill names its calls by.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print its secret this once."""
    with signed_in(home, person) as seat:
        key = seat.client.keys.create(
            name,
            days=days,
            models=model or None,
            scopes=[SCOPES[one] for one in scope or ()] or None,
            assistant=assistant,
        )
        url = seat.client.url
    _secret(key, url, as_json=as_json)


@group.command("list")
def list_keys(*, person: As = "clerk", home: Home = None, as_json: AsJson = False) -> None:
    """List a person's keys, the newest first."""
    with signed_in(home, person) as seat:
        found = seat.client.keys.list()
    tell_keys(found, as_json=as_json)


@group.command("show")
def show(key_id: KeyId, *, person: As = "clerk", home: Home = None, as_json: AsJson = False) -> None:
    """Show one key."""
    with signed_in(home, person) as seat:
        key = seat.client.keys.get(key_id)
    tell_key(key, as_json=as_json)


@group.command("revoke")
def revoke(key_id: KeyId, *, person: As = "clerk", home: Home = None, as_json: AsJson = False) -> None:
    """Take a key back, at once and for good."""
    with signed_in(home, person) as seat:
        key = seat.client.keys.revoke(key_id)
    tell_key(key, as_json=as_json)


@group.command("rotate")
def rotate(
    key_id: KeyId,
    *,
    person: As = "clerk",
    grace: Annotated[float, typer.Option(min=0, max=720, help="Hours that the old secret is still good.")] = 24.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret, and print it this once."""
    with signed_in(home, person) as seat:
        key = seat.client.keys.rotate(key_id, grace_hours=grace)
        url = seat.client.url
    _secret(key, url, as_json=as_json)


def _secret(key: NewKey, url: str, *, as_json: bool) -> None:
    if as_json:
        document(key)
        return
    typer.echo(key.secret)
    told = (
        f"This is {key.id}. Keep it: it is not shown again. For any OpenAI client: base_url {url}/v1, api_key as above."
    )
    typer.echo(told, err=True)


def tell_key(key: Key, *, as_json: bool) -> None:
    """Print one key, without its secret."""
    if as_json:
        document(key)
        return
    good_for = f"{', '.join(key.models or ['all models'])} · {', '.join(key.scopes or ['all requests'])}"
    told = f"{key.id}: {key.prefix}… {key.status} · {key.name} · {good_for}"
    typer.echo(one_line(f"{told} · as {key.assistant}" if key.assistant else told))


def tell_keys(found: Sequence[Key], *, as_json: bool) -> None:
    """Print some keys, without their secrets."""
    if as_json:
        document(found)
        return
    rows = [
        (
            key.id,
            f"{key.prefix}…",
            key.status,
            moment(key.expires_at) if key.expires_at else "never",
            str(key.last_used_on or "never"),
            ", ".join(key.models or ["all"]),
            ", ".join(key.scopes or ["all"]),
            key.assistant or "",
            key.name,
        )
        for key in found
    ]
    table(("key", "begins", "status", "expires", "last used", "models", "for", "assistant", "name"), rows)

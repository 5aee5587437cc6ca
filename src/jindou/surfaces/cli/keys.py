"""`jindou keys`."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
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
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print its secret this once."""
    with signed_in(home, person, language) as seat:
        key = seat.client.keys.create(
            name,
            days=days,
            models=model or None,
            scopes=[SCOPES[one] for one in scope or ()] or None,
            assistant=assistant,
        )
        url = seat.client.url
    _secret(key, url, Words(seat.language), as_json=as_json)


@group.command("list")
def list_keys(*, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """List a person's keys, the newest first."""
    with signed_in(home, person, language) as seat:
        found = seat.client.keys.list()
    tell_keys(found, Words(seat.language), as_json=as_json)


@group.command("show")
def show(
    key_id: KeyId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Show one key."""
    with signed_in(home, person, language) as seat:
        key = seat.client.keys.get(key_id)
    tell_key(key, Words(seat.language), as_json=as_json)


@group.command("revoke")
def revoke(
    key_id: KeyId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Take a key back, at once and for good."""
    with signed_in(home, person, language) as seat:
        key = seat.client.keys.revoke(key_id)
    tell_key(key, Words(seat.language), as_json=as_json)


@group.command("rotate")
def rotate(
    key_id: KeyId,
    *,
    person: As = "clerk",
    grace: Annotated[float, typer.Option(min=0, max=720, help="Hours that the old secret is still good.")] = 24.0,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret, and print it this once."""
    with signed_in(home, person, language) as seat:
        key = seat.client.keys.rotate(key_id, grace_hours=grace)
        url = seat.client.url
    _secret(key, url, Words(seat.language), as_json=as_json)


def _secret(key: NewKey, url: str, words: Words, *, as_json: bool) -> None:
    if as_json:
        document(key)
        return
    typer.echo(key.secret)
    typer.echo(words("key.keep", name=key.id), err=True)
    typer.echo(words("key.client", url=url), err=True)


def tell_key(key: Key, words: Words, *, as_json: bool) -> None:
    """Print one key, without its secret."""
    if as_json:
        document(key)
        return
    models = ", ".join(key.models or [words.value("all models")])
    scopes = ", ".join(map(words.value, key.scopes or ["all requests"]))
    told = f"{key.id}: {key.prefix}… {words.value(key.status)} · {key.name} · {models} · {scopes}"
    typer.echo(one_line(f"{told} · {words('key.as', name=key.assistant)}" if key.assistant else told))


def tell_keys(found: Sequence[Key], words: Words, *, as_json: bool) -> None:
    """Print some keys, without their secrets."""
    if as_json:
        document(found)
        return
    rows = [
        (
            key.id,
            f"{key.prefix}…",
            words.value(key.status),
            moment(key.expires_at) if key.expires_at else words.value("never"),
            str(key.last_used_on or words.value("never")),
            ", ".join(key.models or [words.value("all")]),
            ", ".join(map(words.value, key.scopes or ["all"])),
            key.assistant or "",
            key.name,
        )
        for key in found
    ]
    table(
        words.columns("key", "begins", "status", "expires", "last used", "models", "good for", "assistant", "name"),
        rows,
    )

"""`jindou secrets`."""

import sys
from typing import Annotated

import typer

from jindou.surfaces.cli.connection import Seat, operator, signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, Misused, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client.types import StoredSecret

__all__ = ["group"]

group = command_group("Secrets: credentials that tools use for you.")

SecretId = Annotated[str, typer.Argument(metavar="SECRET", help="A secret: sec_…")]


@group.command("put")
def put(
    name: Annotated[str, typer.Argument(help="What tools ask for it by, such as shop-erp.")],
    *,
    organisation: Annotated[
        bool, typer.Option("--organisation", help="It is the organisation's, for everybody's calls.")
    ] = False,
    person: As = "clerk",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add a secret; its value comes from stdin or a prompt."""
    with signed_in(home, person, language) as seat:
        made = seat.client.secrets.put(name, _value(seat), owner="organisation" if organisation else "person")
    _show(made, Words(seat.language), as_json=as_json)


@group.command("list")
def list_secrets(
    *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List secrets, without their values."""
    with signed_in(home, person, language) as seat:
        found = seat.client.secrets.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            one.id,
            one.name,
            words.value(one.owner),
            str(one.version),
            words.value(one.status),
            moment(one.changed_at),
            one.changed_by_name,
            moment(one.last_used_at) if one.last_used_at else words.value("never"),
        )
        for one in found
    ]
    table(
        words.columns("secret", "name", "owner", "version", "status", "changed", "changed by", "last used"),
        rows,
        right=(3,),
    )


@group.command("rotate")
def rotate(
    secret_id: SecretId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Give a secret a new value, from stdin or a prompt."""
    with signed_in(home, person, language) as seat:
        _show(seat.client.secrets.rotate(secret_id, _value(seat)), Words(seat.language), as_json=as_json)


@group.command("revoke")
def revoke(
    secret_id: SecretId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Destroy a secret's value: the next use is refused."""
    with signed_in(home, person, language) as seat:
        _show(seat.client.secrets.revoke(secret_id), Words(seat.language), as_json=as_json)


@group.command("rewrap")
def rewrap(*, home: Home = None, as_json: AsJson = False) -> None:
    """Make a new key of the vault, and wrap all by it."""
    with operator(home) as client:
        done = client.secrets.rewrap()
    if as_json:
        document(done)
        return
    typer.echo(f"The vault's key is {done.key_id}; {done.left} secrets are left to an older one.")


def _value(seat: Seat) -> str:
    """Return the value that was typed, unseen, or piped in; never an argument, which other users could see."""
    if sys.stdin.isatty():
        value: str = typer.prompt(Words(seat.language)("secret.value"), hide_input=True, err=True)
        return value
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Misused("value_unreadable", "The value is not text in UTF-8.") from None


def _show(secret: StoredSecret, words: Words, *, as_json: bool) -> None:
    if as_json:
        document(secret)
        return
    told = words("secret", name=secret.name, version=secret.version, status=words.value(secret.status))
    typer.echo(one_line(f"{secret.id}: {told} · {words.value(secret.owner)}"))

"""`jindou account` and `jindou accounts`."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, Misused, command_group
from jindou.surfaces.cli.profiles import find
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client.types import Account

__all__ = ["group", "own"]

own = command_group("Your account: what you prove yourself by.")
group = command_group("Accounts: what people prove themselves by.")

Person = Annotated[str, typer.Argument(metavar="PERSON", help="A handle, or an id.")]


@own.command("show")
def show(*, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Show what a person proves themselves by."""
    with signed_in(home, person, language) as seat:
        _show([seat.client.accounts.mine()], Words(seat.language), as_json=as_json)


@own.command("password")
def password(*, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Change a person's password; both come from a prompt or stdin."""
    with signed_in(home, person, language) as seat:
        words = Words(seat.language)
        old, new = _typed(words("account.old_password"), words("account.new_password"))
        seat.client.accounts.change_password(new, old)
        if as_json:
            document(seat.client.accounts.mine())
    typer.echo(words("account.password"), err=True)


@group.command("list")
def list_accounts(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List what each person proves themselves by."""
    with signed_in(home, person, language) as seat:
        _show(seat.client.accounts.list(), Words(seat.language), as_json=as_json)


@group.command("reset")
def reset(
    of: Person, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Take away what a person proves themselves by."""
    with signed_in(home, person, language) as seat:
        reset = seat.client.accounts.reset(find(seat.client.people, of).id)
    _show([reset], Words(seat.language), as_json=as_json)


@group.command("rules")
def rules(
    *,
    second_factor: Annotated[
        bool | None, typer.Option("--second-factor/--no-second-factor", help="Whether everybody needs one.")
    ] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what is asked of accounts, or change it."""
    with signed_in(home, person, language) as seat:
        accounts = seat.client.accounts
        found = accounts.rules() if second_factor is None else accounts.set_rules(second_factor=second_factor)
    if as_json:
        document(found)
    else:
        words = Words(seat.language)
        typer.echo(words("account.second" if found.second_factor else "account.no_second"))


def _typed(*labels: str) -> list[str]:
    """Return what was typed, unseen, or piped in line by line; never an argument, which other users could see."""
    if sys.stdin.isatty():
        return [str(typer.prompt(label, hide_input=True, err=True)) for label in labels]
    try:
        lines = sys.stdin.buffer.read().decode().splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(lines) != len(labels):
        told = f"On stdin there have to be {len(labels)} lines in UTF-8: {', '.join(labels)}."
        raise Misused("stdin_lines", told, lines=len(labels), labels="、".join(labels))
    return lines


def _show(found: Sequence[Account], words: Words, *, as_json: bool) -> None:
    if as_json:
        document(found)
        return
    rows = [
        (
            one.person_id,
            one.handle,
            one_line(one.name),
            moment(one.password_set_at) if one.password_set_at else words.value("none"),
            moment(one.totp_since) if one.totp_since else words.value("none"),
            str(one.recovery_codes),
            str(len(one.passkeys)),
        )
        for one in found
    ]
    table(
        words.columns(
            "person", "handle", "name", "password since", "authenticator since", "recovery codes", "passkeys"
        ),
        rows,
    )

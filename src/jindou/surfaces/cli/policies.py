"""`jindou policies`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from jindou.errors import Invalid
from jindou.surfaces.cli.connection import Seat, signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, printable, table
from jindou.surfaces.cli.texts import Words
from jindou_client.types import PolicyChange, PolicyCheck, PolicyState

__all__ = ["group"]

group = command_group("Policies: rules of your own, in versions.")

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder of .cedar files, and of .yaml files with tests.")
]
Number = Annotated[int, typer.Argument(metavar="VERSION", min=0, help="A version: 3; 0 is no rules of your own.")]
Over = Annotated[
    int | None,
    typer.Option(metavar="VERSION", min=0, help="Only if this version is in force.  [default: whichever is]"),
]
_MOST_BYTES = 200_000


@group.command("check")
def check(
    folder: Folder, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Say what is wrong with rules, run their tests, and keep nothing."""
    with signed_in(home, person, language) as seat:
        found = seat.client.policies.check(_files(folder))
    if as_json:
        document(found)
    else:
        _show_check(found)
    if not found.good:
        raise typer.Exit(1)


@group.command("diff")
def diff(
    what: Annotated[str, typer.Argument(metavar="FOLDER|VERSION", help="Rules in a folder, or a version: 3.")],
    *,
    against: Annotated[int | None, typer.Option(min=0, help="A version.  [default: the one in force]")] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show rule by rule what differs from what is in force."""
    with signed_in(home, person, language) as seat:
        changes = _changes(seat, what, against)
    if as_json:
        document(changes)
    else:
        _show_changes(changes)


@group.command("push")
def push(
    folder: Folder,
    *,
    note: Annotated[str, typer.Option(help="Why, in a line.")] = "",
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Keep rules as the next version; nothing is decided by them yet."""
    with signed_in(home, person, language) as seat:
        made = seat.client.policies.push(_files(folder), note)
    if as_json:
        document(made)
        return
    typer.echo(f"version {made.number}: `jindou policies shadow {made.number}` says what it would change.")


@group.command("shadow")
def shadow(
    number: Number, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Say what a version would have changed in the last seven days."""
    with signed_in(home, person, language) as seat:
        found = seat.client.policies.shadow(number)
    if as_json:
        document(found)
        return
    back = moment(found.reaches or found.since)
    told = f"{found.recorded} calls since {moment(found.since)}; looked at {found.decisions}, back to {back}"
    typer.echo(f"{told}; {found.unchanged} unchanged.")
    for change in found.changes:
        typer.echo(f"{change.before} -> {change.after}: {change.count}")
        for one in change.examples:
            rules = ", ".join(rule.id for rule in one.after_rules)
            typer.echo(one_line(f"  {moment(one.at)} {one.person_name}, {one.assistant}, {one.tool} [{rules}]"))


@group.command("activate")
def activate(
    number: Number,
    *,
    over: Over = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a version in force; 0 is no rules of your own."""
    with signed_in(home, person, language) as seat:
        _show_state(seat.client.policies.activate(number, over=over), as_json=as_json)


@group.command("rollback")
def rollback(
    *, over: Over = None, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Put in force again what was so before."""
    with signed_in(home, person, language) as seat:
        _show_state(seat.client.policies.roll_back(over=over), as_json=as_json)


@group.command("list")
def list_versions(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List the versions, and which is in force."""
    with signed_in(home, person, language) as seat:
        found = seat.client.policies.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            str(one.number),
            words.value("in force") if one.active else "",
            moment(one.created_at),
            one.author_name,
            one.note,
        )
        for one in found.versions
    ]
    if not rows:
        typer.echo("Nobody has proposed any rules yet: `jindou policies push FOLDER` does.", err=True)
    table(words.columns("version", "", "proposed", "proposed by", "why"), rows, right=(0,))


@group.command("show")
def show(
    number: Number, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Show a version's files."""
    with signed_in(home, person, language) as seat:
        found = seat.client.policies.get(number)
    if as_json:
        document(found)
        return
    for name, text in found.files.items():
        typer.echo(f"==> {name}")
        typer.echo(printable(text.rstrip("\n")))


def _files(folder: Path) -> dict[str, str]:
    """Return the files of a folder that have rules or tests."""
    if not folder.is_dir():
        raise Invalid(f"{folder} is no folder.", field="FOLDER", rule="a folder of .cedar and .yaml files")
    found = [path for path in sorted(folder.iterdir()) if path.suffix in {".cedar", ".yaml"} and path.is_file()]
    if not found:
        raise Invalid(f"{folder} has no rules in it.", field="FOLDER", rule="a folder of .cedar and .yaml files")
    if sum(path.stat().st_size for path in found) > _MOST_BYTES:
        raise Invalid(f"{folder} has too much in it.", field="FOLDER", rule=f"at most {_MOST_BYTES} bytes")
    try:
        return {path.name: path.read_text(encoding="utf-8") for path in found}
    except UnicodeDecodeError:
        raise Invalid(f"A file in {folder} is not text in UTF-8.", field="FOLDER", rule="UTF-8") from None


def _changes(seat: Seat, what: str, against: int | None) -> Sequence[PolicyChange]:
    if what.isdecimal():
        return seat.client.policies.diff(int(what), against).changes
    if against is not None:
        raise Invalid("A folder is held against what is in force.", field="--against", rule="only with a version")
    found = seat.client.policies.check(_files(Path(what)))
    for problem in found.problems:
        typer.echo(one_line(f"{problem.kind}: {problem.message}"), err=True)
    return found.changes


def _show_check(found: PolicyCheck) -> None:
    for trial in found.trials:
        told = trial.problem or f"{trial.verb} [{', '.join(trial.rules)}]"
        sign = "ok" if trial.passed else "FAILED"
        typer.echo(one_line(f"{sign}: {trial.name}: {told}" + ("" if trial.passed else f", not {trial.expected}")))
    for note in found.notes:
        typer.echo(one_line(f"note: {note}"))
    for problem in found.problems:
        typer.echo(one_line(f"{problem.kind}: {problem.message} (rule: {problem.rule})"))
    if found.good:
        counts = ((len(found.rules), "rule"), (len(found.trials), "test"), (len(found.changes), "change"))
        told = ", ".join(f"{count} {what}" if count == 1 else f"{count} {what}s" for count, what in counts)
        typer.echo(f"Good: {told}.")


def _show_changes(changes: Sequence[PolicyChange]) -> None:
    for change in changes:
        there = change.after or change.before
        if there is None:
            continue
        ways = " and ".join(way for way, holds in (("widens", change.widens), ("narrows", change.narrows)) if holds)
        parts = f" ({', '.join(change.parts)})" if change.change == "changed" else ""
        typer.echo(one_line(f"{change.change} {change.id}{parts}: {ways or 'same rights'}"))
        typer.echo(one_line(f"  {there.effect}: {there.rule.reason.get('en', '')}"))
        for sign, one in (("-", change.before), ("+", change.after)):
            for line in one.text.splitlines() if one is not None else ():
                typer.echo(printable(f"  {sign} {line}"))
    if not changes:
        typer.echo("Nothing differs.")


def _show_state(state: PolicyState, *, as_json: bool) -> None:
    if as_json:
        document(state)
    elif state.active:
        typer.echo(f"Version {state.active} is in force; before it, {state.previous or 'no rules of your own'}.")
    else:
        typer.echo("No rules of your own are in force.")

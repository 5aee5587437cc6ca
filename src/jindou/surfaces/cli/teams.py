"""`jindou teams`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.profiles import find
from jindou.surfaces.cli.show import document, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client import Client
from jindou_client.errors import NotFound
from jindou_client.types import Team

__all__ = ["group"]

group = command_group("Teams, and the roles that they give.")

TeamName = Annotated[str, typer.Argument(metavar="TEAM", help="A team's name or id.")]
Members = Annotated[list[str] | None, typer.Option("--member", help="The handle of somebody; may be repeated.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="A role that its members have; may be repeated.")]


@group.command("list")
def list_teams(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List the teams, with their members and roles."""
    with signed_in(home, person, language) as seat:
        found = seat.client.teams.list(limit=1000)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [(team.name, ", ".join(team.roles), str(len(team.members)), team.id, _members(team)) for team in found]
    table(words.columns("team", "roles", "people", "id", "members"), rows, right=(2,))


@group.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    *,
    role: Roles = None,
    member: Members = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a team."""
    with signed_in(home, person, language) as seat:
        made = seat.client.teams.create(name, roles=role or (), members=_ids(seat.client, member or ()))
    _show(made, Words(seat.language), as_json=as_json)


@group.command("update")
def update(
    team: TeamName,
    *,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    role: Roles = None,
    no_role: Annotated[bool, typer.Option("--no-role", help="Take every role of it away.")] = False,
    member: Members = None,
    leaver: Annotated[
        list[str] | None, typer.Option("--without", help="Who is in it no more; may be repeated.")
    ] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given; --member adds somebody."""
    with signed_in(home, person, language) as seat:
        teams, team_id = seat.client.teams, _find(seat.client, team).id
        if name is not None or role or no_role:
            teams.update(team_id, name=name, roles=[] if no_role else role)
        for person_id in _ids(seat.client, member or ()):
            teams.add_member(team_id, person_id)
        for person_id in _ids(seat.client, leaver or ()):
            teams.remove_member(team_id, person_id)
        changed = teams.get(team_id)
    _show(changed, Words(seat.language), as_json=as_json)


@group.command("delete")
def delete(
    team: TeamName, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Take a team away, and the roles its members have by it."""
    with signed_in(home, person, language) as seat:
        found = _find(seat.client, team)
        seat.client.teams.delete(found.id)
    _show(found, Words(seat.language), as_json=as_json)


def _find(client: Client, name: str) -> Team:
    for team in client.teams.list(limit=1000):
        if name in {team.id, team.name}:
            return team
    raise NotFound(f"There is no team {name!r}.", code="not_found")


def _ids(client: Client, handles: Sequence[str]) -> list[str]:
    return [find(client.people, handle).id for handle in handles]


def _members(team: Team) -> str:
    return ", ".join(member.handle for member in team.members)


def _show(team: Team, words: Words, *, as_json: bool) -> None:
    if as_json:
        document(team)
        return
    roles = ", ".join(team.roles) or words.value("no role")
    typer.echo(one_line(f"{team.name}: {roles} · {_members(team) or words.value('nobody')} · {team.id}"))

"""`jindou sessions` and `jindou break-glass`."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import operator, signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, Misused, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words

__all__ = ["break_glass", "group"]

group = command_group("Sessions: where somebody is signed in.")

SessionId = Annotated[
    str | None, typer.Argument(metavar="[SESSION]", help="A session: ses_…; with --all, none.", show_default=False)
]


@group.command("list")
def list_sessions(
    *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List where a person is signed in, the newest first."""
    with signed_in(home, person, language) as seat:
        found = seat.client.sessions.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            one.id,
            words.known(f"method.{one.method}", one.method),
            words.known(f"place.{one.place}", one.place),
            moment(one.created_at),
            moment(one.last_used_at),
            words.value("this one") if one.current else "",
            one_line(one.agent),
        )
        for one in found
    ]
    table(words.columns("session", "method", "from", "since", "last used", "", "program"), rows)


@group.command("revoke")
def revoke(
    session_id: SessionId = None,
    *,
    everywhere: Annotated[bool, typer.Option("--all", help="Sign the person out everywhere.")] = False,
    person: As = "clerk",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sign a person out of one session, or of all."""
    if everywhere is (session_id is not None):
        raise Misused("one_session", "Name one session, or say --all.")
    with signed_in(home, person, language) as seat:
        if session_id is None:
            seat.client.sessions.revoke_all()
        else:
            seat.client.sessions.revoke(session_id)
    if as_json:
        document({"revoked": session_id or "all"})
    else:
        words = Words(seat.language)
        of = words("signed_out.of", session=session_id) if session_id else words("signed_out.everywhere")
        typer.echo(words("signed_out", person=one_line(person), of=of))


@group.command("emergencies")
def emergencies(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List when the operator broke the glass this week."""
    with signed_in(home, person, language) as seat:
        found = seat.client.sessions.broken_glass()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            moment(one.made_at),
            one.person_name,
            words.value("open" if one.is_open else "over"),
            moment(one.ends_at),
            one.reason,
        )
        for one in found
    ]
    table(words.columns("at", "as", "state", "until", "reason"), rows)


def break_glass(
    *,
    person: As,
    reason: Annotated[str, typer.Option(help="Why: the audit trail and administrators are told.")],
    minutes: Annotated[int, typer.Option(min=5, max=480, help="How long the session lasts.")] = 60,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let the operator in as a person, in an emergency."""
    with operator(home) as owner:
        link = owner.sessions.break_glass(person, reason, minutes=minutes)
    if as_json:
        document(link)
        return
    typer.echo(link.url)
    typer.echo("It works once, within 15 minutes. The trail has the reason, and administrators are shown it.", err=True)

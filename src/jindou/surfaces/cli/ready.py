"""What `jindou up` says once the console answers."""

import json

import typer

from jindou.assembly import Platform

__all__ = ["tell_ready"]

_MOST = 10
"""People up to whom each is shown a link; those of a larger company would only lie about, in terminals and in logs."""


def tell_ready(platform: Platform, *, as_json: bool) -> None:
    """Say where the console is, with a one-time link for everybody of a small company."""
    settings = platform.settings
    links: list[dict[str, str]] = []
    with platform.database.reading(None) as work:
        org_id = platform.principals.organisation(work)
    with platform.database.writing(org_id) as work:
        people = platform.principals.list_people(work)
        for person in people if len(people) <= _MOST else ():
            token = platform.sessions.create_link(work, org_id, person.id)
            url = f"{settings.browser_url}/sign-in?token={token}"
            links.append({"person": person.handle, "name": person.name, "title": person.title["en"], "url": url})
        company = platform.principals.organisation_name(work, org_id)
    platform.home.announce(settings.url)
    if as_json:
        typer.echo(json.dumps({"url": settings.url, "model": platform.model, "company": company, "links": links}))
        return
    typer.echo(f"\nJindou is ready at {settings.browser_url} · {company} · {platform.model}\n")
    if links:
        typer.echo("Sign in, each link works once (`jindou sign-in --as clerk` prints another):")
    else:
        typer.echo(f"{len(people)} people sign in there; `jindou sign-in --as HANDLE` prints a link for one of them.")
    for link in links:
        called = " · ".join(filter(None, (link["name"], link["title"])))
        typer.echo(f"  {link['person']:<10} {called}\n             {link['url']}")
    typer.echo('\nOr ask from another terminal: jindou ask --as clerk "Where is order SO-10007?"\nCtrl-C stops.')

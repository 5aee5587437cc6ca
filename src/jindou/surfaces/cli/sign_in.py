"""`jindou sign-in`."""

import typer

from jindou.surfaces.cli.connection import operator, whom
from jindou.surfaces.cli.options import As, AsJson, Home
from jindou.surfaces.cli.show import document

__all__ = ["sign_in"]


def sign_in(*, person: As, home: Home = None, as_json: AsJson = False) -> None:
    """Print a one-time sign-in link for a person."""
    with operator(home) as owner:
        link = owner.sessions.sign_in_link(*whom(person))
    if as_json:
        document(link)
    else:
        typer.echo(link.url)

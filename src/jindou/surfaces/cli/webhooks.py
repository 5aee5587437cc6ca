"""`jindou webhooks`."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, command_group
from jindou.surfaces.cli.show import document, moment, one_line
from jindou_client.types import Webhook

__all__ = ["group"]

group = command_group("Webhooks: where your organisation is told.")

Url = Annotated[str, typer.Argument(metavar="URL", help="Its address: https://…")]


@group.command("list")
def list_webhooks(*, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Show where your organisation is told, and how it goes."""
    with signed_in(home, person) as seat:
        found = seat.client.webhooks.list()
    if as_json:
        document(found)
        return
    for one in found:
        typer.echo(one_line(f"{one.url}, since {moment(one.changed_at)}, by {one.changed_by_name}"))
        typer.echo(one_line(_how_it_goes(one)))
    if not found:
        typer.echo("Your organisation is told nowhere: `jindou webhooks set` says where.")


@group.command("set")
def put(url: Url, *, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Say where, and show the new secret this once."""
    with signed_in(home, person) as seat:
        made = seat.client.webhooks.put(url)
    if as_json:
        document(made)
        return
    typer.echo(one_line(f"{made.url} is told of approvals. It checks them by this secret, shown this once:"))
    typer.echo(made.secret)


@group.command("remove")
def remove(*, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Have your organisation told no more."""
    with signed_in(home, person) as seat:
        seat.client.webhooks.remove()
        if as_json:
            document(seat.client.webhooks.list())
            return
    typer.echo("Your organisation is told no more.")


def _how_it_goes(one: Webhook) -> str:
    """Return how telling a webhook goes, in one line."""
    last = f"last taken {moment(one.delivered_at)}" if one.delivered_at else "nothing taken yet"
    waiting = f"; waiting: {one.waiting}" if one.waiting else ""
    if one.failing_since is None:
        return f"  {last}{waiting}"
    next_try = f"; next try {moment(one.next_try_at)}" if one.next_try_at else ""
    return f"  failing since {moment(one.failing_since)}: {one.error} ({last}{waiting}{next_try})"

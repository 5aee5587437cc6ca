"""`jindou deployments`."""

from typing import Annotated, Any

import typer

from jindou.errors import Invalid
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client.types import Deployment, Member

__all__ = ["group"]

group = command_group("Deployments: models, and the engines behind them.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name that clients ask for.")]
Members = Annotated[
    list[str],
    typer.Option(
        "--member",
        metavar="ENGINE/MODEL[@URL]",
        help="An engine: local/MODEL, or a name, a model and a base URL; ;weight=2;rank=1 may follow. May be repeated.",
    ),
]


@group.command("list")
def list_deployments(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List every deployment."""
    with signed_in(home, person, language) as seat:
        found = seat.client.deployments.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [(d.name, str(d.context_tokens), words.value("settings") if d.is_standing else "", _told(d)) for d in found]
    table(words.columns("deployment", "context", "made by", "engines"), rows)


@group.command("show")
def show(
    name: Name, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Show one deployment."""
    with signed_in(home, person, language) as seat:
        deployment = seat.client.deployments.get(name)
    _show(deployment, as_json=as_json)


@group.command("engines")
def engines(*, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Show how each engine is, and what it has to do."""
    with signed_in(home, person, language) as seat:
        found = seat.client.deployments.engines()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (
            engine.engine,
            words.value(engine.state),
            engine.breaker,
            str(engine.under_way),
            str(engine.waiting),
            f"{engine.rss_bytes >> 20} MB" if engine.rss_bytes else "",
            str(engine.restarts),
        )
        for engine in found
    ]
    table(words.columns("engine", "state", "breaker", "under way", "waiting", "memory", "restarts"), rows)


@group.command("create")
def create(
    name: Name,
    member: Members,
    *,
    context: Annotated[int, typer.Option(min=512, help="Tokens of its context.")] = 8192,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a deployment."""
    members = [_member(text) for text in member]
    with signed_in(home, person, language) as seat:
        made = seat.client.deployments.create(name, members, context_tokens=context)
    _show(made, as_json=as_json)


@group.command("update")
def update(
    name: Name,
    member: Members,
    *,
    context: Annotated[int | None, typer.Option(min=512, help="Tokens of its context; else as it was.")] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give a deployment other engines."""
    members = [_member(text) for text in member]
    with signed_in(home, person, language) as seat:
        changed = seat.client.deployments.update(name, members, context_tokens=context)
    _show(changed, as_json=as_json)


@group.command("delete")
def delete(
    name: Name, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Take a deployment away; requests under way go on."""
    with signed_in(home, person, language) as seat:
        seat.client.deployments.delete(name)
    if as_json:
        document({"name": name, "deleted": True})
    else:
        typer.echo(one_line(f"{name} is no longer served."))


def _member(text: str) -> Member:
    """Read ``vllm/Qwen3-8B@https://models.example.com/v1;weight=2;rank=1``."""
    place, *options = text.split(";")
    path, _, url = place.partition("@")
    engine, _, model = path.partition("/")
    pairs = [option.partition("=") for option in options]
    fields: dict[str, Any] = {key: value for key, _, value in pairs}
    if not engine or not model or not fields.keys() <= Member.model_fields.keys() - {"engine", "model", "url"}:
        raise Invalid(f"`{text}` is no ENGINE/MODEL[@URL][;weight=N][;rank=N].", field="member", rule="its form")
    return Member.model_validate({"engine": engine, "model": model, "url": url, **fields})


def _told(deployment: Deployment) -> str:
    return ", ".join(f"{m.engine}/{m.model}" for m in sorted(deployment.members, key=lambda m: m.rank))


def _show(deployment: Deployment, *, as_json: bool) -> None:
    if as_json:
        document(deployment)
        return
    typer.echo(one_line(f"{deployment.name}: {deployment.context_tokens} tokens of context"))
    for member in deployment.members:
        where = f" at {member.url}" if member.url else ""
        typer.echo(one_line(f"  {member.engine}/{member.model}{where} · weight {member.weight}, rank {member.rank}"))

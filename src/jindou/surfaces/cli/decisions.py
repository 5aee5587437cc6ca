"""`jindou policy`."""

import json
from typing import Annotated, Any, cast

import typer

from jindou.errors import Invalid
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client.types import Answer, PersonRights, Source, ToolRight

__all__ = ["group"]

group = command_group("Rules: what would be allowed, and why.")

_SOURCES: tuple[Source, ...] = ("person", "record", "tool", "model")
Assistant = Annotated[str | None, typer.Option(help="Only this assistant: after-sales, …")]


@group.command("explain")
def explain(
    assistant: Annotated[str, typer.Argument(help="An assistant: after-sales, …")],
    tool: Annotated[str, typer.Argument(help="A tool of it: refund_order, …")],
    *,
    arguments: Annotated[str, typer.Option(metavar="JSON", help="The arguments of the call.")] = "{}",
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SOURCE", help="Where an argument comes from: person, record, tool or model."),
    ] = None,
    of: Annotated[str | None, typer.Option("--person", metavar="PERSON", help="Whose call.  [default: --as]")] = None,
    task: Annotated[str, typer.Option(help="What the person asked for, in their words.")] = "",
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what would be decided about a call, and do nothing."""
    given, provenance = _arguments(arguments), dict(_origin(text) for text in origin or [])
    with signed_in(home, person, language) as seat:
        answer = seat.client.decisions.explain(assistant, tool, given, principal=of, provenance=provenance, task=task)
    if as_json:
        document(answer)
    else:
        _show(answer, Words(seat.language))


@group.command("rights")
def rights(
    of: Annotated[str, typer.Argument(metavar="PERSON", help="A person: clerk, …")],
    *,
    assistant: Assistant = None,
    against: Annotated[str | None, typer.Option(metavar="OTHER", help="Another person, side by side.")] = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what a person may do through assistants, and why."""
    with signed_in(home, person, language) as seat:
        found = [seat.client.decisions.rights(one, assistant) for one in (of, against) if one is not None]
    if as_json:
        document(found if against is not None else found[0])
        return
    words = Words(seat.language)
    headers = (*words.columns("assistant", "tool"), *(words("decision.may", name=one.handle) for one in found))
    table(headers, [_row(found, n, words) for n in range(len(found[0].tools))])


def _arguments(text: str) -> dict[str, object]:
    try:
        content: Any = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Invalid("--arguments takes a JSON object.", field="--arguments", rule="a JSON object")
    return cast("dict[str, object]", content)


def _origin(text: str) -> tuple[str, Source]:
    name, _, told = text.partition("=")
    for source in _SOURCES:
        if source == told:
            return name, source
    raise Invalid(f"{text!r} names no origin.", field="--origin", rule=f"NAME= one of {', '.join(_SOURCES)}")


def _show(answer: Answer, words: Words) -> None:
    reason = " ".join(words.of(rule.reason) for rule in answer.rules)
    typer.echo(one_line(words("decision", verb=words.value(answer.verb), reason=reason)))
    typer.echo(one_line(words("decision.rules", rules=", ".join(rule.id for rule in answer.rules))))
    if answer.verb == "ask":
        typer.echo(
            one_line(
                words(
                    "decision.approvers", n=answer.approvers, names=", ".join(answer.deciders) or words.value("nobody")
                )
            )
        )
    if answer.problem:
        typer.echo(one_line(words("decision.fails", problem=answer.problem)))


def _row(found: list[PersonRights], n: int, words: Words) -> tuple[str, ...]:
    first = found[0].tools[n]
    return (first.assistant, first.tool, *(_said(one.tools[n], words) for one in found))


def _said(right: ToolRight, words: Words) -> str:
    conditions = "".join(
        words("decision.if", verb=words.value(condition.verb), rule=condition.rule.id) for condition in right.conditions
    )
    return f"{words.value(right.verb)} [{', '.join(rule.id for rule in right.rules)}]{conditions}"

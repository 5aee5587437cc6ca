"""`jindou runs`."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from jindou.surfaces.amounts import micro_of
from jindou.surfaces.cli.ask import how_to_decide
from jindou.surfaces.cli.ask import watch as watch_run
from jindou.surfaces.cli.assistants import titles_of
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group, when
from jindou.surfaces.cli.show import document, in_own_zone, moment, one_line, printable, table
from jindou.surfaces.cli.texts import Words
from jindou.surfaces.cli.watching import EXIT_CODES, Watcher, diff
from jindou_client import Client
from jindou_client.errors import NotFound
from jindou_client.runs import RunFilters
from jindou_client.types import Approval, Run, RunDetail, RunStatus, UndoPlan
from jindou_client.usage_types import Money

__all__ = ["group"]

group = command_group("Runs: what assistants did.")

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run: run_…")]
Message = Annotated[str, typer.Argument(help="What to tell it.")]


@group.command("list")
def list_runs(
    *,
    person: As = "clerk",
    limit: Annotated[int, typer.Option(min=1, max=200, help="Runs at most.")] = 20,
    before: Annotated[str | None, typer.Option(metavar="RUN", help="Only runs older than this one.")] = None,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List a person's own runs, the newest first."""
    with signed_in(home, person, language) as seat:
        _show_list(seat.client.runs.list(limit, before), seat.language, as_json=as_json)


@group.command("show")
def show(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Show a run with every step."""
    with signed_in(home, person, language) as seat:
        run = seat.client.runs.get(run_id)
        approvals = _approvals_of(seat.client, run)
        titles = titles_of(seat)
    if as_json:
        document(run)
        return
    words, assistant = Words(seat.language), titles.get(run.assistant, run.assistant)
    typer.echo(words("run.said", name=run.person_name, assistant=assistant, message=one_line(run.message)))
    _show_journal(run, approvals, words, home)


def _approvals_of(client: Client, run: RunDetail) -> dict[str, Approval]:
    """Return the approvals of a run's own steps, as far as this person may see them."""
    seen: dict[str, Approval] = {}
    for step in run.journal:
        if step.approval_id and not step.copied_from:
            with suppress(NotFound):
                seen[step.approval_id] = client.approvals.get(step.approval_id)
    return seen


def _show_journal(run: RunDetail, approvals: Mapping[str, Approval], words: Words, home: Path | None) -> None:
    """Show every step with who decided about it, what still waits, how the run stands, and its limits."""
    watcher = Watcher(words, lambda approval_id: how_to_decide(home, approval_id), stderr=False)
    for step in run.journal:
        watcher.step(step)
        approval = approvals.get(step.approval_id or "")
        if approval is not None and approval.status != "waiting":
            watcher.decided(approval.model_dump())
        if step.kind == "compaction" and step.text:
            watcher.line(f"    {step.text}", style="dim")
        if step.result is not None and step.kind in {"tool", "compaction"}:
            watcher.line(f"    → {json.dumps(step.result, ensure_ascii=False)}", style="dim")
    for approval in approvals.values():
        if approval.status == "waiting":
            watcher.approval(approval)
    watcher.finished(run)
    if run.undone_by:
        watcher.line(words("run.undone_by", run=run.undone_by))
    for use in run.limits:
        if use.most is not None:
            used, most = (_amount(use.kind, n, run.cost.currency) for n in (use.used, use.most))
            watcher.line(words("run.limit", what=words(f"limit.{use.kind}"), used=used, most=most))


@group.command("watch")
def watch(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Watch a run to its end, from its beginning.

    With --json, one event a line.
    """
    with signed_in(home, person, language) as seat:
        if not as_json:
            raise typer.Exit(EXIT_CODES[watch_run(seat, seat.client.runs.get(run_id), home, wait=True)])
        for event in seat.client.runs.events(run_id):
            typer.echo(event.model_dump_json())
            if event.run is not None:
                raise typer.Exit(EXIT_CODES[event.run.status])


@group.command("search")
def search(
    text: Annotated[str, typer.Argument(help="Words of the request or of the answer.")] = "",
    *,
    assistant: Annotated[str, typer.Option(help="The assistant that was asked.")] = "",
    status: Annotated[RunStatus | None, typer.Option(help="How it stands.")] = None,
    tool: Annotated[str, typer.Option(help="A tool that was called.")] = "",
    since: Annotated[
        datetime | None,
        typer.Option(parser=when, metavar="TIME", help="Started then or later: 2026-03-02 14:05."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(parser=when, metavar="TIME", help="Started before that.")] = None,
    least_cost: Annotated[str, typer.Option(metavar="AMOUNT", help="Cost that much or more.")] = "",
    before: Annotated[str, typer.Option(metavar="RUN", help="Only runs older than this one.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="Runs at most.")] = 20,
    person: As = "clerk",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Find a person's own runs by what is given, all of it."""
    filters: RunFilters = {"text": text, "assistant": assistant, "tool": tool, "limit": limit}
    if status is not None:
        filters["status"] = status
    if since is not None:
        filters["since"] = since
    if until is not None:
        filters["until"] = until
    if least_cost:
        filters["least_cost_micro"] = micro_of(least_cost, "least_cost")
    if before:
        filters["before"] = before
    with signed_in(home, person, language) as seat:
        _show_list(seat.client.runs.search(**filters), seat.language, as_json=as_json)


@group.command("explain")
def explain(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Say why a run is where it is, and what moves it on."""
    with signed_in(home, person, language) as seat:
        told = seat.client.runs.explain(run_id)
    if as_json:
        document(told)
        return
    words = Words(seat.language)
    typer.echo(f"{run_id}: {words(f'status.{told.status}')}")
    typer.echo(printable(in_own_zone(words.of(told.why))))
    typer.echo(printable(in_own_zone(words.of(told.next))))


@group.command("cancel")
def cancel(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Stop a run, and wait until it has stopped."""
    with signed_in(home, person, language) as seat:
        seat.client.runs.cancel(run_id)
        for _ in seat.client.runs.events(run_id):
            pass
        _show_run(seat.client.runs.get(run_id), seat.language, as_json=as_json)


@group.command("pause")
def pause(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Have a run rest at its next step, and wait until then."""
    with signed_in(home, person, language) as seat:
        seen = seat.client.runs.get(run_id).last_event
        if seat.client.runs.pause(run_id).status == "running":
            events = seat.client.runs.events(run_id, seen)
            next((event for event in events if event.type in {"run.paused", "run.waiting"}), None)
        _show_run(seat.client.runs.get(run_id), seat.language, as_json=as_json)


@group.command("resume")
def resume(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Have a paused run go on."""
    with signed_in(home, person, language) as seat:
        _show_run(seat.client.runs.resume(run_id), seat.language, as_json=as_json)


@group.command("steer")
def steer(
    run_id: RunId,
    message: Message,
    *,
    person: As = "clerk",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell a run something before its next step."""
    with signed_in(home, person, language) as seat:
        _show_run(seat.client.runs.steer(run_id, message), seat.language, as_json=as_json)


@group.command("retry")
def retry(
    run_id: RunId,
    *,
    confirm: Annotated[bool, typer.Option("--confirm", help="You have looked whether it took effect.")] = False,
    person: As = "clerk",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Have a failed run go on with the step it failed at."""
    with signed_in(home, person, language) as seat:
        _show_run(seat.client.runs.retry(run_id, confirm=confirm), seat.language, as_json=as_json)


@group.command("branch")
def branch(
    run_id: RunId,
    message: Annotated[str | None, typer.Argument(help="What the new run is told.")] = None,
    *,
    step: Annotated[int, typer.Option(min=0, help="The last step that both share; 0 shares none.")],
    person: As = "clerk",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Begin a run that shares this one's steps so far."""
    with signed_in(home, person, language) as seat:
        _show_run(seat.client.runs.branch(run_id, step, message), seat.language, as_json=as_json)


def _amount(kind: str, n: int, currency: str) -> str:
    return str(Money(micro=n, currency=currency)) if kind == "cost" else f"{n:,}"


def _show_run(run: Run, language: str, *, as_json: bool) -> None:
    if as_json:
        document(run)
    else:
        typer.echo(f"{run.id}: {Words(language)(f'status.{run.status}')}")


@group.command("undo")
def undo(
    run_id: RunId,
    *,
    person: As = "clerk",
    plan: Annotated[bool, typer.Option("--plan", help="Only show what it would do.")] = False,
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put back what a run changed, the last first."""
    with signed_in(home, person, language) as seat:
        planned = seat.client.runs.plan_undo(run_id)
        if plan and as_json:
            document(planned)
            return
        if not as_json:
            _show_plan(planned, Words(seat.language), stderr=not plan)
        if plan:
            return
        run = seat.client.runs.undo(run_id)
        status = watch_run(seat, run, home, wait=False, quiet=as_json)
        if as_json:
            document(seat.client.runs.get(run.id))
    raise typer.Exit(EXIT_CODES[status])


def _show_plan(plan: UndoPlan, words: Words, *, stderr: bool) -> None:
    """Show what an undo would do, first what it can't."""
    watcher = Watcher(words, lambda _: (), stderr=stderr)
    if not plan.items:
        watcher.line(words("undo.nothing"))
    for item in plan.items:
        arguments = ", ".join(f"{name}={value}" for name, value in item.arguments.items())
        watcher.line(words(f"undo.{item.outcome}", name=words.of(item.title), arguments=arguments))
        if item.reason:
            watcher.line(f"    {words.of(item.reason)}")
        for change in item.changes:
            watcher.line(f"    {words.of(change.label)}: {diff(change)}")


def _show_list(found: Sequence[Run], language: str, *, as_json: bool) -> None:
    if as_json:
        document(found)
        return
    words = Words(language)
    rows = [
        (run.id, moment(run.created_at), words(f"status.{run.status}"), str(run.steps), str(run.cost), run.message)
        for run in found
    ]
    table(words.columns("run", "started", "status", "steps", "cost", "message"), rows, right=(3, 4))

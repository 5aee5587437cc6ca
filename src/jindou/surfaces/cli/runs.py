"""`jindou runs`."""

import json
from typing import Annotated

import typer

from jindou.surfaces.cli.ask import how_to_decide
from jindou.surfaces.cli.ask import watch as watch_run
from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou.surfaces.cli.watching import EXIT_CODES, Watcher, diff
from jindou_client.types import UndoPlan

__all__ = ["group"]

group = command_group("Runs: what assistants did.")

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run: run_…")]


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
        found = seat.client.runs.list(limit, before)
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [
        (run.id, moment(run.created_at), words(f"status.{run.status}"), str(run.steps), str(run.cost), run.message)
        for run in found
    ]
    table(("run", "started", "status", "steps", "cost", "message"), rows, right=(3, 4))


@group.command("show")
def show(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Show a run with every step."""
    with signed_in(home, person, language) as seat:
        run = seat.client.runs.get(run_id)
        waiting = [step.approval_id for step in run.journal if step.status == "waiting" and step.approval_id]
        approvals = [seat.client.approvals.get(approval_id) for approval_id in waiting]
    if as_json:
        document(run)
        return
    words = Words(seat.language)
    typer.echo(words("run.said", name=run.person_name, assistant=run.assistant, message=one_line(run.message)))
    watcher = Watcher(words, lambda approval_id: how_to_decide(home, approval_id), stderr=False)
    for step in run.journal:
        watcher.step(step)
        if step.result is not None and step.kind == "tool":
            watcher.line(f"    → {json.dumps(step.result, ensure_ascii=False)}", style="dim")
    for approval in approvals:
        watcher.approval(approval)
    watcher.finished(run)


@group.command("watch")
def watch(
    run_id: RunId, *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Watch a run to its end, from its beginning; with --json, one event a line."""
    with signed_in(home, person, language) as seat:
        if not as_json:
            raise typer.Exit(EXIT_CODES[watch_run(seat, seat.client.runs.get(run_id), home, wait=True)])
        for event in seat.client.runs.events(run_id):
            typer.echo(event.model_dump_json())
            if event.run is not None:
                raise typer.Exit(EXIT_CODES[event.run.status])


@group.command("cancel")
def cancel(run_id: RunId, *, person: As = "clerk", home: Home = None, as_json: AsJson = False) -> None:
    """Stop a run, and wait until it has stopped."""
    with signed_in(home, person) as seat:
        seat.client.runs.cancel(run_id)
        for _ in seat.client.runs.events(run_id):
            pass
        run = seat.client.runs.get(run_id)
    if as_json:
        document(run)
    else:
        typer.echo(f"{run.id}: {Words(seat.language)(f'status.{run.status}')}")


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

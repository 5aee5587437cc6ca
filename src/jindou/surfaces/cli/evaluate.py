"""`jindou eval`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from jindou.agents.assistants import Assistants
from jindou.assembly import installed_packs
from jindou.errors import NotFound
from jindou.home import Home
from jindou.models.engines import Engine, EngineConfig
from jindou.models.evaluation import Case, ExpectedCall, Outcome, Report, evaluate, load_cases
from jindou.models.gateway import ToolSchema
from jindou.models.serving import choose_engine, open_engine
from jindou.packs.contract import Pack
from jindou.settings import load_settings
from jindou.surfaces.cli.models import local_model
from jindou.surfaces.cli.options import AsJson
from jindou.surfaces.cli.options import Home as HomeOption
from jindou.surfaces.cli.show import document, one_line
from jindou.telemetry import SystemClock

__all__ = ["Subject", "evaluation", "find_subject", "measure"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: an assistant's instructions and tools, by cases."""

    instructions: str
    tools: Sequence[ToolSchema]
    cases: Sequence[Case]


def evaluation(
    assistant: Annotated[str, typer.Argument(metavar="[ASSISTANT]", help="The assistant whose cases to run.")] = (
        "after-sales"
    ),
    *,
    cases: Annotated[str, typer.Option(metavar="NAME", help="File of cases in its folder.")] = "evaluation",
    model: Annotated[str | None, typer.Option(help="Catalogue name of the model.  [default: by memory]")] = None,
    at_least: Annotated[float, typer.Option(min=0, max=1, help="End with 1 if fewer are right.")] = 0.0,
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Measure how often the model calls the right tool."""
    settings = load_settings(home=home, model=model)
    subject = find_subject(assistant, cases)
    place = Home(settings.home)
    place.prepare()
    entry, path = local_model(settings, place)
    log = place.engine_log.with_name("evaluation.log")
    choice = choose_engine(
        settings.engine, settings.engine_threads, place.tuned_engine, native_tools=entry.native_tools
    )
    config = EngineConfig(entry.name, path, settings.context_tokens, choice.threads, log, batch=choice.batch)
    engine = open_engine(choice.engine, config)
    typer.echo(f"Starting {entry.name} …", err=True)
    try:
        engine.start()
        report = measure(engine, subject)
    finally:
        engine.stop()
    if as_json:
        document({"assistant": assistant, "rate": report.rate, **report.model_dump(mode="json")})
    else:
        _show(report)
    raise typer.Exit(0 if report.rate >= at_least else 1)


def find_subject(slug: str, cases: str) -> Subject:
    """Return an assistant's instructions, its tools and the cases `cases` from its folder.

    Raises:
        NotFound: there is no such assistant, or no such file of cases in its folder.
        Invalid: the file holds no cases.
    """
    folders = [(pack, file.parent) for pack in installed_packs() for file in _definitions(pack)]
    everybody = Assistants((pack.name, folder) for pack, folder in folders)
    assistant = everybody.get(slug)
    at = [known.slug for known in everybody.list_assistants()].index(slug)
    pack, folder = folders[at]
    known = sorted(file.stem for file in folder.glob("*.yaml") if file.stem != "assistant")
    if cases not in known:
        raise NotFound(f"{slug} has no cases {cases!r}; it has: {', '.join(known)}.")
    tools = _tools(pack)
    return Subject(
        assistant.instructions, [tools[name] for name in assistant.tools], load_cases(folder / f"{cases}.yaml")
    )


def measure(engine: Engine, subject: Subject) -> Report:
    """Run every case, saying on stderr how each went."""
    done = 0

    def tell(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        mark = "✓" if outcome.passed else "✗"
        told = (
            f"{mark} {done}/{len(subject.cases)} {outcome.case.id} · {outcome.seconds:.1f} s · {outcome.case.request}"
        )
        typer.echo(one_line(told), err=True)

    return evaluate(engine, subject.instructions, subject.tools, subject.cases, report=tell)


def _definitions(pack: Pack) -> list[Path]:
    return sorted(pack.folder.glob("assistants/*/assistant.yaml"))


def _tools(pack: Pack) -> dict[str, ToolSchema]:
    """Return the tools of a pack; the data that they stand on is made for this and thrown away."""
    with TemporaryDirectory() as folder:
        opened = pack.open(Path(folder), SystemClock().now())
        schemas = {tool.name: ToolSchema(tool.name, tool.description, tool.schema()) for tool in opened.tools}
        opened.close()
    return schemas


def _show(report: Report) -> None:
    for outcome in report.failing:
        typer.echo(one_line(f"{outcome.case.id}: {outcome.case.request}"))
        typer.echo(one_line(f"  expected {_told([outcome.case.call] if outcome.case.call else [])}"))
        typer.echo(one_line(f"  got      {_told(outcome.calls) if outcome.calls else outcome.text or 'nothing'}"))
    right = len(report.outcomes) - len(report.failing)
    seconds = sum(outcome.seconds for outcome in report.outcomes)
    typer.echo(f"{report.model}: {right} of {len(report.outcomes)} right ({report.rate:.1%}) in {seconds:.0f} s")


def _told(calls: Sequence[ExpectedCall]) -> str:
    if not calls:
        return "an answer without a call"
    return "; ".join(f"{c.name}({', '.join(f'{k}={v!r}' for k, v in c.arguments.items())})" for c in calls)

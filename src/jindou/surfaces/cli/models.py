"""`jindou models`, and the model that `jindou up` starts with."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from jindou.home import Home
from jindou.models.catalogue import AddAsk, Catalogue, Fit, Model, ModelEntry, Reporter, WrongBytes
from jindou.models.catalogue import Progress as PullProgress
from jindou.models.serving import EngineChoice, open_catalogue, remember
from jindou.models.tuning import BUILDS, best, installed, measure, setups
from jindou.settings import Settings, load_settings
from jindou.surfaces.cli.connection import language_of, signed_in
from jindou.surfaces.cli.options import As, AsJson, Language, command_group
from jindou.surfaces.cli.options import Home as HomeOption
from jindou.surfaces.cli.show import document, table
from jindou.surfaces.cli.texts import Words
from jindou.telemetry import SystemClock

__all__ = ["catalogue_of", "group", "local_model"]

group = command_group("Models: which there are, whether one fits, and fetching it.")

Name = Annotated[str, typer.Argument(metavar="MODEL", help="A name that `jindou models list` shows.")]
Context = Annotated[int, typer.Option("--context", min=0, max=1 << 20, help="Tokens of context.  [default: setting]")]
Slots = Annotated[int, typer.Option(min=0, max=64, help="Conversations side by side.  [default: 2]")]
_MICRO = 1_000_000
_GIGA = 1e9
_STOPPED = 130


@group.command("list")
def list_models(*, language: Language = None, home: HomeOption = None, as_json: AsJson = False) -> None:
    """List every model, the smallest first."""
    settings = load_settings(home=home)
    catalogue, words = catalogue_of(settings), Words(language_of(settings, language))
    found = [catalogue.show(entry) for entry in catalogue.list_entries()]
    if as_json:
        document(found)
        return
    rows = [
        (
            model.name,
            words.value(model.kind),
            model.parameters,
            model.quantisation,
            _size(model.bytes, about=model.about),
            _size(model.fit.memory_needed),
            words.value(model.fit.verdict.replace("_", " ")),
            words.value("served" if model.served else model.state),
        )
        for model in found
    ]
    headers = ("model", "kind", "size", "quant.", "file", "memory", "this machine", "state")
    table(words.columns(*headers), rows, right=(4, 5))


@group.command("info")
def info(
    name: Name,
    *,
    context: Context = 0,
    slots: Slots = 0,
    language: Language = None,
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Show one model: its source, needs and price."""
    settings = load_settings(home=home)
    catalogue = catalogue_of(settings)
    model = catalogue.show(catalogue.get(name), context_tokens=context, slots=slots)
    if as_json:
        document(model)
        return
    for line in _described(model, Words(language_of(settings, language))):
        typer.echo(line)


@group.command("pull")
def pull(name: Name, *, home: HomeOption = None, as_json: AsJson = False) -> None:
    """Fetch a model, or go on where the last try ended.

    Ctrl-C keeps what came.
    """
    settings = load_settings(home=home)
    catalogue = catalogue_of(settings)
    entry = catalogue.get(name)
    verdict = catalogue.fit(entry)
    if verdict.verdict == "too_large":
        typer.echo(f"{entry.title} does not fit this machine now: {_fit(verdict, Words('en'))}.", err=True)
    path = _fetch(catalogue, entry, quiet=as_json)
    _told(catalogue.show(entry), f"{entry.name} is here: {path}", as_json=as_json)


@group.command("add")
def add(
    path: Annotated[Path, typer.Argument(help="A GGUF file.", exists=True, dir_okay=False)],
    *,
    price_input: Annotated[float, typer.Option(min=0, help="Price of a million prompt tokens; 0 is free.")],
    price_output: Annotated[float, typer.Option(min=0, help="Price of a million answer tokens; 0 is free.")],
    price_cached: Annotated[
        float | None, typer.Option(min=0, help="The same, read before.  [default: a fifth]")
    ] = None,
    name: Annotated[str, typer.Option(help="What to call it.  [default: by its header]")] = "",
    title: Annotated[str, typer.Option(help="What people read.  [default: by its header]")] = "",
    kind: Annotated[Literal["chat", "coder", "embedding", "reranker"], typer.Option(help="What it is for.")] = "chat",
    licence: Annotated[str, typer.Option(help="Its licence.  [default: by its header]")] = "",
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Add a GGUF file of your own under a name and a price."""
    settings = load_settings(home=home)
    catalogue = catalogue_of(settings)
    cached = price_input / 5 if price_cached is None else price_cached
    ask = AddAsk.model_validate(
        {
            "name": name,
            "title": title,
            "kind": kind,
            "licence": licence,
            "currency": settings.currency,
            "input": round(price_input * _MICRO),
            "cached": round(cached * _MICRO),
            "output": round(price_output * _MICRO),
        }
    )
    with _bar(f"Reading {path.name}", path.stat().st_size, quiet=as_json) as report:
        entry = catalogue.add(path, ask, SystemClock().now().date(), report)
    _told(catalogue.show(entry), f"{entry.name} was added: {entry.title}, {_size(entry.bytes)}", as_json=as_json)


@group.command("remove")
def remove(name: Name, *, home: HomeOption = None, as_json: AsJson = False) -> None:
    """Remove a model's file, and its entry if you added it."""
    freed = catalogue_of(load_settings(home=home)).remove(name)
    if as_json:
        document({"model": name, "freed_bytes": freed})
        return
    typer.echo(f"{name} was removed; {_size(freed)} are free again.")


@group.command("serve")
def serve(
    name: Name, *, person: As = "manager", language: Language = None, home: HomeOption = None, as_json: AsJson = False
) -> None:
    """Have a model that is here answer under its name."""
    with signed_in(home, person, language) as seat:
        model = seat.client.models.serve(name)
    if as_json:
        document(model)
        return
    typer.echo(Words(seat.language)("model.served", name=name))


@group.command("stop")
def stop(
    name: Name, *, person: As = "manager", language: Language = None, home: HomeOption = None, as_json: AsJson = False
) -> None:
    """Have a model not answer any more; its file stays."""
    with signed_in(home, person, language) as seat:
        seat.client.models.stop(name)
    if as_json:
        document({"model": name, "served": False})
        return
    typer.echo(Words(seat.language)("model.stopped", name=name))


@group.command("tune")
def tune(
    *,
    model: Annotated[str, typer.Option(help="Model to measure with.")] = "qwen2.5-coder-0.5b",
    turns: Annotated[int, typer.Option(min=1, max=20, help="Times that each build is measured.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="Measure each build once as it comes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure, and change nothing.")] = False,
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Measure the engine's builds, and take the fastest."""
    settings = load_settings(home=home)
    place = Home(settings.home)
    place.prepare()
    catalogue = catalogue_of(settings)
    path = _fetch(catalogue, catalogue.get(model), quiet=as_json)
    with _turns(quiet=as_json) as tell:
        found = measure(setups(quick=quick), path, place.engine_log, turns=turns, tell=tell)
    chosen = best(found)
    choice = EngineChoice(chosen.setup.engine, chosen.setup.threads, chosen.setup.batch)
    if not dry_run:
        told = f"{chosen.prompt_per_cpu_second:.0f} prompt tokens for a second of the processor, with {model}"
        remember(place.tuned_engine, choice, day=SystemClock().now().date().isoformat(), told=told)
    if as_json:
        document({"chosen": asdict(choice), "remembered": not dry_run, "measured": [asdict(each) for each in found]})
        return
    rows = [
        (
            each.setup.engine,
            str(each.setup.threads),
            str(each.setup.batch or "own"),
            f"{each.prompt_per_cpu_second:.1f}",
            f"{each.decode_per_cpu_second:.1f}",
            "yes" if each.correct else "no",
            "chosen" if each is chosen else "",
        )
        for each in found
    ]
    headers = ("engine", "threads", "batch", "prompt/CPU-s", "answer/CPU-s", "right", "")
    table(headers, rows, right=(1, 2, 3, 4))
    absent = [f"`pip install 'jindou[{build.extra}]'`" for build in BUILDS if build.extra and not installed(build)]
    if absent:
        typer.echo(f"Another build can be had: {', '.join(absent)}.", err=True)


def catalogue_of(settings: Settings) -> Catalogue:
    """Return the catalogue of an installation; what its server serves now is not touched."""
    place = Home(settings.home)
    return open_catalogue(settings, place, cache(lambda: _served(settings, place)))


def local_model(settings: Settings, place: Home) -> tuple[ModelEntry, Path]:
    """Return the entry and the file of the model to start with, fetching it if need be.

    Raises:
        UnknownModel, ModelUnavailable, DiskFull, WrongBytes: as the catalogue says.
    """
    catalogue = open_catalogue(settings, place)
    entry = catalogue.choose(settings.model)
    try:
        found = catalogue.find(entry)
    except WrongBytes as error:
        typer.echo(error.message, err=True)
        found = None
    return entry, found or _fetch(catalogue, entry, quiet=False)


def _served(settings: Settings, place: Home) -> frozenset[str]:
    """Return the models of the server that runs on this home, if one does."""
    if not place.is_locked():
        return frozenset()
    with signed_in(settings.home, "manager") as seat:
        return frozenset(model.name for model in seat.client.models.list() if model.served)


def _fetch(catalogue: Catalogue, entry: ModelEntry, *, quiet: bool) -> Path:
    try:
        with _bar(f"Fetching {entry.title}", entry.bytes, quiet=quiet) as report:
            return catalogue.pull(entry, report)
    except KeyboardInterrupt:
        typer.echo(f"Stopped. What came is kept; `jindou models pull {entry.name}` goes on from there.", err=True)
        raise typer.Exit(_STOPPED) from None


@contextmanager
def _turns(*, quiet: bool) -> Generator[Callable[[int, int], None]]:
    screen = Console(stderr=True)
    with Progress(console=screen, disable=quiet or not screen.is_terminal) as bar:
        task = bar.add_task("Measuring in turns", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _bar(told: str, total: int, *, quiet: bool) -> Generator[Reporter]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    screen = Console(stderr=True)
    if not quiet and not screen.is_terminal:
        yield _tenths(told)
        return
    with Progress(*columns, console=screen, disable=quiet) as bar:
        task = bar.add_task(told, total=total)

        def report(step: PullProgress) -> None:
            where = f"{told} from {step.source}" if step.source else told
            bar.update(task, completed=step.done, total=step.total, description=where)

        yield report


def _tenths(told: str) -> Reporter:
    """Return what says a line at each tenth of what is fetched: for a log file, where no bar can move."""
    said = -1

    def report(step: PullProgress) -> None:
        nonlocal said
        tenth = 10 * step.done // max(step.total, 1)
        if step.source and tenth > said:
            said = tenth
            typer.echo(f"{told} from {step.source}: {10 * tenth} % of {_size(step.total)}", err=True)

    return report


def _described(model: Model, words: Words) -> list[str]:
    price, fit = model.prices[-1], model.fit
    state = words.value("served" if model.served else model.state)
    here = words("model.here", size=_size(model.have_bytes)) if model.state == "partial" else ""
    active = words("model.active", size=model.active_parameters) if model.active_parameters else ""
    tools = words("model.tools.own" if model.native_tools else "model.tools.harness")
    told = {
        "model": f"{model.name} · {model.title} · {words.value(model.kind)}",
        "size": f"{model.parameters}{active} · {model.quantisation} · {_size(model.bytes, about=model.about)}",
        "licence": model.licence,
        "context": words("model.context", tokens=model.context_tokens, size=model.kv_bytes_per_token),
        "tools": f"{tools} · {words(f'model.reasoning.{model.reasoning}')}",
        "state": f"{state}{here}",
        "sha256": f"{model.sha256 or '–'} ({words(f'model.trust.{model.trust}')})",
        "sources": ", ".join(model.sources),
        "price": words(
            "model.price",
            **{name: f"{getattr(price, name) / _MICRO:g}" for name in ("input", "cached", "output")},
            currency=price.currency,
        ),
        "fits": f"{words.value(fit.verdict.replace('_', ' '))}: {_fit(fit, words)}",
        "facts": words("model.facts", day=model.checked_on, source=model.facts),
    }
    return [words(f"model.info.{label}", told=line) for label, line in told.items()]


def _fit(fit: Fit, words: Words) -> str:
    disk = words("model.disk", needed=_size(fit.disk_needed), free=_size(fit.disk_free)) if fit.disk_needed else ""
    memory, free = _size(fit.memory_needed), _size(fit.memory_free)
    each, most = fit.context_tokens, fit.most_context_tokens
    return words("model.fit", memory=memory, free=free, slots=fit.slots, each=each, disk=disk, most=most)


def _told(model: Model, line: str, *, as_json: bool) -> None:
    if as_json:
        document(model)
        return
    typer.echo(line)


def _size(count: int, *, about: bool = False) -> str:
    told = f"{count / _GIGA:.1f} GB" if count >= _GIGA else f"{count / 1e6:.0f} MB"
    return f"~{told}" if about else told

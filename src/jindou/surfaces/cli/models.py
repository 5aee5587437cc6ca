"""The local model of an installation: chosen, fetched with a progress bar, verified."""

from pathlib import Path

import psutil
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from jindou.home import Home
from jindou.models.catalogue import ModelEntry, ModelUnavailable, WrongBytes, choose, find, pull
from jindou.models.catalogue import Progress as PullProgress
from jindou.settings import Settings

__all__ = ["local_model"]


def local_model(settings: Settings, place: Home) -> tuple[str, Path]:
    """Return the name and the file of the model, fetching it if need be.

    Raises:
        UnknownModel, ModelUnavailable, DiskFull, WrongBytes: as the catalogue says.
    """
    entry = choose(settings.model, psutil.virtual_memory().available, settings.context_tokens)
    folder = settings.models_dir or place.models
    try:
        found = find(entry, folder)
    except WrongBytes as error:
        typer.echo(error.message, err=True)
        found = None
    if found is None and settings.offline:
        raise ModelUnavailable(f"{entry.title} is not in {folder}, and JINDOU_OFFLINE forbids fetching it.")
    return entry.name, found or _pull(entry, folder, settings.source_timeout)


def _pull(entry: ModelEntry, folder: Path, timeout: float) -> Path:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task: TaskID = bar.add_task(f"Fetching {entry.title}", total=entry.bytes)

        def report(step: PullProgress) -> None:
            bar.update(task, completed=step.done, description=f"Fetching {entry.title} from {step.source}")

        return pull(entry, folder, timeout=timeout, report=report)

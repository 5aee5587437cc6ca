"""The weights of the embedding model, fetched with a progress bar before the server starts."""

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from jindou.errors import Conflict, Unavailable
from jindou.home import Home
from jindou.models.catalogue import Progress as PullProgress
from jindou.models.embeddings import fetch_weights
from jindou.settings import Settings

__all__ = ["prepare_embeddings"]


def prepare_embeddings(settings: Settings, place: Home) -> None:
    """Fetch what is missing. Everything else works without, so where it can't be had that is said, and no more.

    Raises:
        Invalid: the setting names no model.
        WrongBytes: what was fetched is something else.
    """
    if not settings.embedding_model:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Fetching {settings.embedding_model}", total=None, visible=False)

        def report(step: PullProgress) -> None:
            bar.update(task, completed=step.done, total=step.total, visible=True)

        try:
            fetch_weights(settings, place, report)
        except (Unavailable, Conflict) as error:
            typer.echo(f"No embeddings for now: {error.message}", err=True)

"""The embeddings of an installation, by its settings and its home folder."""

from functools import partial
from pathlib import Path
from typing import Final

from jindou.billing.usage import Ledger
from jindou.errors import Invalid
from jindou.home import Home
from jindou.models.catalogue import Reporter
from jindou.models.deployments import Deployments
from jindou.models.embeddings.dispatch import Embeddings
from jindou.models.embeddings.known import E5_SMALL, EmbeddingModel, known_model
from jindou.models.embeddings.local import EmbeddingChild, LocalEmbedder, announced
from jindou.models.embeddings.weights import find_weights, pull_weights
from jindou.settings import Settings
from jindou.telemetry import Clock

__all__ = ["fetch_weights", "open_embeddings"]

_SUFFIX: Final = ".gguf"


def open_embeddings(
    settings: Settings, home: Home, deployments: Deployments, ledger: Ledger, clock: Clock, *, here: bool
) -> Embeddings:
    """Return the embeddings; the model is a child of this process if it runs `here`, else of the one that has the home.

    Raises:
        Invalid: the setting names no model.
    """
    model = _model(settings)
    if model is None:
        return Embeddings((), deployments, ledger, clock)
    if not here:
        return Embeddings((LocalEmbedder(model, announced(home.embeddings_file)),), deployments, ledger, clock)
    child = EmbeddingChild(
        model,
        partial(fetch_weights, settings, home, lambda _: None),
        settings.engine_threads,
        home.embeddings_log,
        home.embeddings_file,
    )
    embedder = LocalEmbedder(model, child.address)
    # Without its weights it waits for the first request, which then fetches them.
    at_once = _find(settings, home) is not None
    return Embeddings((embedder,), deployments, ledger, clock, child=child, load=embedder.load if at_once else None)


def fetch_weights(settings: Settings, home: Home, report: Reporter) -> Path:
    """Return the file of the embedding model that the settings name, fetched if need be.

    Raises:
        DiskFull, ModelUnavailable, WrongBytes: as the catalogue says.
        Invalid: the setting names no model.
    """
    found = _find(settings, home)
    if found is not None:
        return found
    folder = settings.models_dir or home.models
    return pull_weights(folder, timeout=settings.source_timeout, offline=settings.offline, report=report)


def _model(settings: Settings) -> EmbeddingModel | None:
    named = settings.embedding_model
    if not named:
        return None
    if named.endswith(_SUFFIX):
        return known_model(Path(named).stem)
    if named == E5_SMALL.name:
        return E5_SMALL
    rule = f"`{E5_SMALL.name}`, the path of a {_SUFFIX} file, or nothing"
    raise Invalid(f"Setting `embedding_model`: `{named}` is not {rule}.", field="embedding_model", rule=rule)


def _find(settings: Settings, home: Home) -> Path | None:
    model = _model(settings)
    if model is None or settings.embedding_model == E5_SMALL.name:
        return find_weights(settings.models_dir or home.models)
    path = Path(settings.embedding_model).expanduser()
    if not path.is_file():
        raise Invalid(f"Setting `embedding_model`: there is no file {path}.", field="embedding_model", rule="a file")
    return path

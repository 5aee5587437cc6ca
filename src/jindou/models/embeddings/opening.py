"""The embeddings of an installation, by its settings and its home folder."""

from functools import partial
from pathlib import Path

from jindou.billing.usage import Ledger
from jindou.errors import Invalid
from jindou.home import Home
from jindou.models.catalogue import ModelEntry, Reporter, WrongBytes
from jindou.models.deployments import Deployments
from jindou.models.embeddings.dispatch import Embeddings
from jindou.models.embeddings.known import known_model
from jindou.models.embeddings.local import EmbeddingChild, LocalEmbedder, announced
from jindou.models.serving import open_catalogue
from jindou.settings import Settings
from jindou.telemetry import Clock

__all__ = ["fetch_weights", "open_embeddings"]


def open_embeddings(
    settings: Settings, home: Home, deployments: Deployments, ledger: Ledger, clock: Clock, *, here: bool
) -> Embeddings:
    """Return the embeddings; the model is a child of this process if it runs `here`, else of the one that has the home.

    Raises:
        UnknownModel: the setting names no model.
        Invalid: it names one that makes no embeddings.
    """
    if not settings.embedding_model:
        return Embeddings((), deployments, ledger, clock)
    entry = _entry(settings, home)
    model = known_model(entry.name, entry.dimensions, entry.context_tokens)
    if not here:
        return Embeddings((LocalEmbedder(model, announced(home.embeddings_file)),), deployments, ledger, clock)
    fetch = partial(fetch_weights, settings, home, lambda _: None)
    child = EmbeddingChild(model, fetch, settings.engine_threads, home.embeddings_log, home.embeddings_file)
    embedder = LocalEmbedder(model, child.address)
    # Without its weights it waits for the first request, which then fetches them.
    load = embedder.load if _is_here(settings, home, entry) else None
    return Embeddings((embedder,), deployments, ledger, clock, child=child, load=load)


def fetch_weights(settings: Settings, home: Home, report: Reporter) -> Path:
    """Return the file of the embedding model that the settings name, fetched if need be.

    Raises:
        UnknownModel, Invalid: as `open_embeddings` says.
        DiskFull, ModelUnavailable, WrongBytes, ModelInUse: as the catalogue says.
    """
    return open_catalogue(settings, home).pull(_entry(settings, home), report)


def _entry(settings: Settings, home: Home) -> ModelEntry:
    entry = open_catalogue(settings, home).get(settings.embedding_model)
    if entry.kind != "embedding":
        told = f"Setting `embedding_model`: {entry.title} makes no embeddings."
        raise Invalid(told, field="embedding_model", rule="a model of kind `embedding`")
    return entry


def _is_here(settings: Settings, home: Home, entry: ModelEntry) -> bool:
    try:
        return open_catalogue(settings, home).find(entry) is not None
    except WrongBytes:
        return False

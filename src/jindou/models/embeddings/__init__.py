"""Embeddings: texts as vectors, in English and Chinese, on this machine without a network."""

from jindou.models.embeddings.dispatch import Embeddings, Made
from jindou.models.embeddings.opening import fetch_weights, open_embeddings
from jindou.models.embeddings.request import EmbeddingRequest
from jindou.models.embeddings.types import Embedded, Embedder, Kind, Vector
from jindou.models.embeddings.vectors import likeness, to_bytes

__all__ = [
    "Embedded",
    "Embedder",
    "EmbeddingRequest",
    "Embeddings",
    "Kind",
    "Made",
    "Vector",
    "fetch_weights",
    "likeness",
    "open_embeddings",
    "to_bytes",
]

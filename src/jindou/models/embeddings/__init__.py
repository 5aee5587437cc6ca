"""Embeddings: texts as vectors, in English and Chinese, on this machine without a network."""

from jindou.models.embeddings.dispatch import Embeddings, Made
from jindou.models.embeddings.known import E5_SMALL, EmbeddingModel, known_model
from jindou.models.embeddings.local import EmbeddingChild, LocalEmbedder, announced
from jindou.models.embeddings.request import EmbeddingRequest
from jindou.models.embeddings.types import Embedder
from jindou.models.embeddings.vectors import to_bytes
from jindou.models.embeddings.weights import pull_weights

__all__ = [
    "E5_SMALL",
    "Embedder",
    "EmbeddingChild",
    "EmbeddingModel",
    "EmbeddingRequest",
    "Embeddings",
    "LocalEmbedder",
    "Made",
    "announced",
    "known_model",
    "pull_weights",
    "to_bytes",
]

"""An embedding model at any server of OpenAI's API: vLLM, DashScope, another Jindou."""

from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from jindou.models.embeddings.known import known_model
from jindou.models.embeddings.types import Count, Embedded, Embedder, Kind, TextTooLong, uncounted
from jindou.models.embeddings.wire import ask_embeddings
from jindou.models.upstreams import Answered, ContextOverflow, Upstream, translated

__all__ = ["RemoteEmbedder"]

_AT_ONCE: Final = 10
"""Texts in one request; some providers take no more."""


class RemoteEmbedder(Embedder):
    """The model that the server calls `model`. What it reads, and how it counts, only the server knows."""

    def __init__(self, name: str, upstream: Upstream, model: str) -> None:
        self._name = name
        self._upstream = upstream
        self._model = known_model(model)
        self._dimensions = 0

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def dimensions(self) -> int:
        return self._dimensions

    @property
    @override
    def max_tokens(self) -> int:
        return 0

    @property
    @override
    def shortens(self) -> bool:
        return self._model.shortens

    @override
    def embed(self, texts: Sequence[str], kind: Kind = "passage", count: Count = uncounted) -> Embedded:
        told = [self._model.told(text, kind) for text in texts]
        try:
            made = ask_embeddings(self._upstream, self._model.name, told, _AT_ONCE, count)
        except Answered as error:
            refused = translated(error, self._upstream, self._model.name)
            if isinstance(refused, ContextOverflow):
                refused = TextTooLong(self._name, None, refused.prompt_tokens, refused.context_tokens)
            raise refused from None
        if made.vectors:
            self._dimensions = len(made.vectors[0])
        return made

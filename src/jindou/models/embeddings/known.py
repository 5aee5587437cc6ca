"""Embedding models that we know: what each has to be told beside a text, and what it reads."""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from jindou.models.embeddings.types import Kind

__all__ = ["E5_SMALL", "EmbeddingModel", "known_model"]

_SPACE: Final = re.compile("[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd ]+")
_NOTHING: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingModel:
    """A model. `query` and `passage` go before a text of that kind; `normalises` is for models of XLM-RoBERTa's words.

    `dimensions` of 0 are not known before the model is loaded. `tokens` is how much of a text it is given at most: each
    costs as many bytes of memory as there are words, four times.
    """

    name: str
    dimensions: int = 0
    tokens: int = 2048
    query: str = ""
    passage: str = ""
    shortens: bool = False
    normalises: bool = False

    def told(self, text: str, kind: Kind) -> str:
        """Return what the model is given for a text."""
        text = text.encode("utf-8", "replace").decode()
        if self.normalises:
            text = _SPACE.sub(" ", _NOTHING.sub("", unicodedata.normalize("NFKC", text)))
        return (self.query if kind == "query" else self.passage) + text


E5_SMALL: Final = EmbeddingModel(
    name="multilingual-e5-small",
    dimensions=384,
    tokens=512,
    query="query: ",
    passage="passage: ",
    normalises=True,
)

_QWEN3_QUERY: Final = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"


def known_model(name: str, dimensions: int = 0, tokens: int = 0) -> EmbeddingModel:
    """Return the model of this name. One that we do not know is given texts as they are.

    `dimensions` and `tokens` are what is known of it from elsewhere; it is given no longer texts than are good for it.
    """
    plain = name.lower()
    model = EmbeddingModel(name=name)
    if plain == E5_SMALL.name:
        model = E5_SMALL
    elif "qwen3-embedding" in plain:
        model = replace(model, query=_QWEN3_QUERY, shortens=True)
    elif re.search(r"(^|[-_/])e5[-_]", plain):
        model = replace(model, tokens=512, query="query: ", passage="passage: ", normalises="multi" in plain)
    elif plain.startswith("text-embedding-3"):
        model = replace(model, tokens=8192, shortens=True)
    return replace(
        model, dimensions=dimensions or model.dimensions, tokens=min(tokens, model.tokens) if tokens else model.tokens
    )

"""An entry for a GGUF file of one's own, made from what the file says of itself."""

import re
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jindou.errors import Invalid
from jindou.models.catalogue.gguf import Header, NotGguf, read_header
from jindou.models.catalogue.types import NAME, Architecture, Kind, ModelEntry, ModelPrice, Source
from jindou.wording import field_of, rule_of, told_of

__all__ = ["AddAsk", "entry_of"]

_TOOL_WORDS: Final = ("tool_calls", "tools")


class AddAsk(BaseModel):
    """How an own model is to be known, and what a million of its tokens cost, in micro-units of `currency`.

    A price has to be said, if it is 0: nothing is given away by default.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    title: str = ""
    kind: Kind = "chat"
    licence: str = ""
    currency: str = "CNY"
    input: int = Field(ge=0)
    cached: int = Field(ge=0)
    output: int = Field(ge=0)


def entry_of(path: Path, ask: AddAsk, today: date) -> ModelEntry:
    """Return an entry for the file at `path`; its hash is not taken yet.

    Raises:
        NotGguf: the file is none, or lacks what an engine needs.
        Invalid: the name breaks the rule for names.
    """
    header = read_header(path)
    _require_whole_model(path, header)
    name = ask.name or _name_from(header.name or path.stem)
    if not NAME.fullmatch(name):
        rule = "small letters, digits, `-`, `_` and single dots; 80 at most"
        raise Invalid(f"{name!r} can't be a model's name: {rule}. Choose another with --name.", field="name", rule=rule)
    price = ModelPrice(
        valid_from=today,
        currency=ask.currency,
        input=ask.input,
        cached=ask.cached,
        output=ask.output,
        reasoning=ask.output,
    )
    architecture = Architecture(
        layers=header.layers, kv_layers=header.kv_layers, kv_heads=header.kv_heads, head_dim=header.head_dim
    )
    try:
        return ModelEntry(
            name=name,
            title=ask.title or header.name or path.stem,
            kind=ask.kind,
            parameters=header.size_label or "unknown",
            quantisation=header.quantisation,
            licence=ask.licence or header.licence or "unknown",
            context_tokens=header.context_tokens,
            architecture=architecture,
            native_tools=all(word in header.chat_template for word in _TOOL_WORDS),
            dimensions=header.embedding_length if ask.kind == "embedding" else 0,
            file=f"{name}.gguf",
            bytes=path.stat().st_size,
            sources=(Source(name="local", path=str(path.resolve())),),
            prices=(price,),
            checked_on=today,
            facts=f"the header of {path.name}",
            own=True,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = field_of(first)
        told = f"{path.name} can't be added: {told_of(first, where, 'it')}"
        raise Invalid(told, field=where, rule=rule_of(first)) from None


def _require_whole_model(path: Path, header: Header) -> None:
    if header.is_adapter:
        raise NotGguf(
            f"{path.name} is a GGUF file, but no model: an adapter or a projector.", field="path", rule="model"
        )
    if header.parts > 1:
        told = f"{path.name} is one of {header.parts} parts; join them first: `llama-gguf-split --merge`."
        raise NotGguf(told, field="path", rule="one file")
    numbers = (header.layers, header.kv_heads, header.head_dim, header.context_tokens, header.tensors)
    if not all(numbers):
        told = f"{path.name} is a GGUF file, but does not say its layers, heads or context: it is no language model."
        raise NotGguf(told, field="path", rule="language model")


def _name_from(text: str) -> str:
    plain = re.sub(r"[^a-z0-9._]+", "-", text.lower())
    return re.sub(r"\.{2,}", ".", plain).strip("-._")[:80]

"""The body of ``POST /v1/embeddings``: OpenAI's fields, strictly typed, unknown ones refused."""

import re
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import Meta, Struct

from jindou.errors import Invalid
from jindou.models.embeddings.types import Kind

__all__ = ["EmbeddingRequest"]

_MOST_TEXTS: Final = 2048
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`", re.DOTALL)


class EmbeddingRequest(Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A request as https://platform.openai.com/docs/api-reference/embeddings describes it.

    `input_type` is ours, as other providers have it, too: what the texts are.
    """

    model: str
    input: Any
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    input_type: Kind | None = None
    # Known to OpenAI's clients; nothing here depends on it.
    user: str | None = None

    @classmethod
    def read(cls, body: bytes) -> "EmbeddingRequest":
        """Read the body of a request.

        Raises:
            Invalid: it is no JSON, or breaks a rule; `field` says where.
        """
        try:
            request = _DECODER.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise _malformed(error) from None
        request.input = _texts(request.input)
        return request

    @property
    def texts(self) -> list[str]:
        """The texts, in their order."""
        return self.input

    @property
    def kind(self) -> Kind:
        """What the texts are. Whoever does not say is taken to compare texts with one another."""
        return self.input_type or "query"


_DECODER: Final = msgspec.json.Decoder(EmbeddingRequest)


def _texts(given: object) -> list[str]:
    texts = cast("list[object]", given if isinstance(given, list) else [given] if isinstance(given, str) else [])
    if not texts or len(texts) > _MOST_TEXTS:
        raise _bad("input", f"it is a text, or a list of 1 to {_MOST_TEXTS} texts")
    for at, text in enumerate(texts):
        if isinstance(text, int | list):
            raise _bad(
                "input", "tokens are another model's words; send text (LangChain: check_embedding_ctx_length=False)"
            )
        if not isinstance(text, str) or not text:
            raise _bad(f"input[{at}]", "it is a text that is not empty")
    return [text for text in texts if isinstance(text, str)]


def _bad(field: str, why: str) -> Invalid:
    return Invalid(f"Invalid value for '{field}': {why}.", field=field, rule="invalid_value")


def _malformed(error: Exception) -> Invalid:
    if not isinstance(error, msgspec.ValidationError):
        return Invalid("The body is no JSON that can be parsed.", rule="invalid_json")
    said, _, path = _SURROGATE.sub("?", str(error)).partition(" - at `")
    field = path.removesuffix("`").removeprefix("$").removeprefix(".")[:200]
    if unknown := _UNKNOWN.match(said):
        field = unknown[1][:200]
        return Invalid(f"Unrecognized request argument supplied: {field}", field=field, rule="unknown_parameter")
    if missing := _MISSING.match(said):
        field = missing[1][:200]
        return Invalid(f"Missing required parameter: '{field}'.", field=field, rule="missing_required_parameter")
    rule = "invalid_type" if said.startswith("Expected `") and ", got `" in said else "invalid_value"
    return Invalid(f"Invalid value for '{field or 'the body'}': {said}.", field=field, rule=rule)

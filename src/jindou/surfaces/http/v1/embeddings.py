"""`/v1/embeddings`: texts as vectors, in OpenAI's shape."""

import json
from base64 import b64encode

from jindou.models.embeddings import EmbeddingRequest, to_bytes
from jindou.surfaces.http.v1.call import Call
from jindou.surfaces.http.v1.headers import headers_of

__all__ = ["create"]


async def create(call: Call) -> None:
    """Turn texts into vectors. What the model read is in the ledger before they are told."""
    holder = await call.holder()
    request = await call.read(EmbeddingRequest.read)
    made = await call.gateway.embeddings.make(holder, request, call.presence.when_over)
    call.model, call.tokens = made.model, (made.tokens, 0, 0, 0)
    packed = request.encoding_format == "base64"
    vectors = [b64encode(to_bytes(v)).decode() if packed else list(v) for v in made.vectors]
    answer = {
        "object": "list",
        "data": [{"object": "embedding", "index": at, "embedding": v} for at, v in enumerate(vectors)],
        "model": made.model,
        "usage": {"prompt_tokens": made.tokens, "total_tokens": made.tokens},
    }
    await call.answer(200, json.dumps(answer, separators=(",", ":")).encode(), headers_of(made))

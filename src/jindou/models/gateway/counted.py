"""An engine that counts: what was used is known from its own figures, or known to be unknown."""

from collections.abc import Generator
from typing import Final

from typing_extensions import override

from jindou.billing.usage import Quantities
from jindou.errors import JindouError
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage, WaitingChunk
from jindou.models.gateway.types import Stopped
from jindou.models.upstreams import EngineDied

__all__ = ["MOST_REQUESTS", "Counted", "most_used", "quantities_of"]

MOST_REQUESTS: Final = 3
"""What `complete` asks of an engine at most: once, again where that can't be used, and for more calls or words."""

_FRAME_TOKENS: Final = 1024
"""More than any template, and the harness, add to what messages and tools have."""


def most_used(
    size: int, max_tokens: int, *, requests: int = MOST_REQUESTS, most_prompt: int | None = None
) -> Quantities:
    """Return more than `requests` on messages and tools of `size` bytes can use: a token has a byte at least.

    What the first of several wrote is read by the next. No prompt has more than `most_prompt` tokens, if that is known.
    """
    prompt = size + _FRAME_TOKENS + (max_tokens if requests > 1 else 0)
    prompt = prompt if most_prompt is None else min(prompt, most_prompt)
    return Quantities(input_tokens=requests * prompt, output_tokens=requests * max_tokens)


def quantities_of(usage: Usage) -> Quantities:
    """Return what the ledger writes of an engine's figures."""
    return Quantities.told(usage.prompt, usage.cached, usage.completion, usage.reasoning)


class Counted(Engine):
    """Passes requests on to `engine`, and adds up what their ends say."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.used = Usage()
        """What the requests used that came to their end."""

        self.longest = 0
        """The tokens of the longest prompt, as the engine counted them."""

        self.engine = self.sku = ""
        """Which engine answered last, and as what it is billed, where that is said."""

        self.is_known = True
        """Whether `used` is everything: false from the moment a request is sent until its figures are there."""

    @override
    def start(self) -> None:
        self._engine.start()

    @override
    def stop(self) -> None:
        self._engine.stop()

    @override
    def health(self) -> EngineHealth:
        return self._engine.health()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        wrote = False
        self.is_known = False
        stream = self._engine.stream(request)
        try:
            for chunk in stream:
                if isinstance(chunk, WaitingChunk):
                    self.is_known = True
                    yield chunk
                    self.is_known = False
                    continue
                if isinstance(chunk, FinalChunk):
                    self.used += chunk.usage
                    self.engine, self.sku = chunk.engine, chunk.sku
                    self.longest = max(self.longest, chunk.usage.prompt)
                    self.is_known = True
                elif not isinstance(chunk, TextChunk) or chunk.text:
                    wrote = True
                yield chunk
        except (EngineDied, Stopped):
            raise
        except JindouError:
            # It said no before it wrote anything, so there is nothing to count.
            self.is_known = self.is_known or not wrote
            raise
        finally:
            stream.close()

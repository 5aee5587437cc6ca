"""Reading a prompt's beginning before anybody waits for it."""

from collections.abc import Callable, Sequence

from jindou.models.engines import Engine, EngineRequest
from jindou.models.gateway.prompting import messages_for
from jindou.models.gateway.types import ToolSchema

__all__ = ["warm_up"]


def warm_up(
    engine: Engine, instructions: str, tools: Sequence[ToolSchema], should_stop: Callable[[], bool] = lambda: False
) -> None:
    """Have the engine read what every conversation with these instructions and tools begins with.

    Its cache then spares the first person the wait, some ten seconds on a laptop.

    Raises:
        EngineUnavailable, EngineDied: as `Engine.stream` says.
    """
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": "Hi!"}]
    shown = messages_for(messages, tools)
    stream = engine.stream(EngineRequest(messages=shown, max_tokens=1, shared=len(shown) - 1))
    try:
        for _ in stream:
            if should_stop():
                return
    finally:
        stream.close()

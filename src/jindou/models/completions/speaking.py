"""The harness for one request: it works in a thread, and its events come out in the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from jindou.models.completions.plan import Plan
from jindou.models.completions.presence import Presence
from jindou.models.completions.types import Event, Tell
from jindou.models.completions.waited import Waited
from jindou.models.completions.writing import write
from jindou.models.engines import Engine, Usage

__all__ = ["Spoken", "speak"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What came of it. `used` is everything the engine said it used; `is_known` whether that is all."""

    used: Usage
    is_known: bool
    finish_reasons: tuple[str, ...]
    error: Exception | None


async def speak(
    pool: ThreadPoolExecutor,
    engine: Engine,
    make_plan: Callable[[], Plan],
    stem: str,
    tell: Tell,
    *,
    presence: Presence,
    must_end: Callable[[], bool],
    drain_seconds: float,
) -> Spoken:
    """Have the harness write what the plan says, and tell its pieces. What goes wrong is returned, not raised.

    The plan is made where it is carried out: a large schema takes long to check, and the first one has the standard
    loaded.
    """
    waited = Waited(engine, is_left=lambda: presence.is_over, must_end=must_end, drain_seconds=drain_seconds)
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Event | None] = asyncio.Queue()

    def told(event: Event) -> None:
        loop.call_soon_threadsafe(events.put_nowait, event)

    def work() -> tuple[str, ...]:
        plan = make_plan()
        waited.sampling = plan.sampling
        return write(waited, plan, stem, told)

    writing = loop.run_in_executor(pool, work)
    # Also where no thread ever comes to it, since the pool ends.
    writing.add_done_callback(lambda _: events.put_nowait(None))
    while (event := await events.get()) is not None:
        waits = tell(event)
        if waits is not None:
            await waits
    try:
        reasons = await writing
    except Exception as error:  # noqa: BLE001 - whatever it was, what was used up to there has to be written down
        return Spoken(waited.used, waited.is_known, (), error)
    return Spoken(waited.used, waited.is_known, reasons, None)

"""Whoever leaves while their request waits: no engine hears of it, nothing is kept, and nothing is held against any."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from jindou.errors import Cancelled
from jindou.models.completions.waited import Waited
from jindou.models.deployments import EnginesBusy, Member, Picked
from jindou.models.deployments.lanes import Lane
from jindou.models.deployments.routed import RoutedEngine
from jindou.models.deployments.types import Dialect
from jindou.models.engines import Engine, EngineRequest, Usage, WaitingChunk
from jindou.models.gateway import Stopped
from jindou.models.serving import Reuse
from jindou.models.upstreams import ContextOverflow, EngineDied, EngineLimited, EngineUnavailable, Upstream
from support.scripted import ScriptedEngine

MEMBER = Member.model_validate({"engine": "v", "model": "b", "url": "http://v/v1"})
ASK = EngineRequest(messages=[])


class Slots:
    """Slots that take their time, and are counted."""

    taken = 0

    def knows(self, prefix: int) -> bool:
        return prefix > 0

    def take(self, address: tuple[int, str], prefix: int) -> int:
        del address, prefix
        time.sleep(0.2)
        self.taken += 1
        return 0

    def leave(self, address: tuple[int, str], prefix: int, slot: int, cached: int | None) -> None:
        del address, prefix, slot, cached
        self.taken -= 1

    def learn(
        self,
        address: tuple[int, str],
        prefix: int,
        messages: Sequence[Mapping[str, object]],
        tools: Sequence[object],
    ) -> None:
        """Learn nothing."""


class Server:
    """A server that is there, with slots."""

    def __init__(self) -> None:
        self.slots = Slots()
        self.fails: Exception | None = None
        self.answers = ScriptedEngine(self._write)
        self.dialect: Dialect = "llamacpp"
        self.engine: Engine = self.answers
        self.reuse: Reuse | None = self.slots
        self.native_tools = False

    def _write(self, _: object) -> str:
        if self.fails is not None:
            raise self.fails
        return "Hello."

    def upstream(self) -> Upstream | None:
        return Upstream("http", "127.0.0.1", 9, "/v1", "key")

    def load(self, seconds: float) -> Upstream:
        del seconds
        return Upstream("http", "127.0.0.1", 9, "/v1", "key")

    def enter(self) -> None:
        """It is always there."""

    def leave(self) -> None:
        """It stays."""


@pytest.fixture
def lane() -> Lane:
    return Lane("v/b", time.monotonic)


def test_who_left_before_they_began_to_wait_does_not_wait(lane: Lane) -> None:
    lane.enter(1)
    picked = Picked(MEMBER, lane.enter(1), Server(), 0)
    picked.give_up()

    async def wait() -> None:
        with ThreadPoolExecutor(1) as pool:
            await picked.ready(pool, 180)

    with pytest.raises(Cancelled):
        asyncio.run(asyncio.wait_for(wait(), 30))


@pytest.mark.parametrize("steps", range(5))
def test_a_task_that_is_cancelled_as_its_turn_comes_is_cancelled(lane: Lane, steps: int) -> None:
    first = lane.enter(1)
    picked = Picked(MEMBER, lane.enter(1), Server(), 0)

    async def wait() -> bool:
        waiting = asyncio.create_task(picked.in_turn(180))
        await asyncio.sleep(0.01)
        lane.leave(first)
        for _ in range(steps):
            await asyncio.sleep(0)
        is_asked = waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled() == is_asked

    assert asyncio.run(wait())


def test_a_slot_that_is_found_too_late_is_given_back(lane: Lane) -> None:
    server = Server()

    async def leave_meanwhile() -> None:
        with ThreadPoolExecutor(1) as pool:

            async def wait() -> None:
                with Picked(MEMBER, lane.enter(1), server, 7) as picked:
                    await picked.ready(pool, 60)

            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait([waiting])

    asyncio.run(leave_meanwhile())
    assert server.slots.taken == 0
    with Picked(MEMBER, lane.enter(1), server, 7) as picked:
        picked.wait_ready(1)
        assert server.slots.taken == 1
    assert server.slots.taken == 0


def test_that_many_wait_is_not_held_against_an_engine(lane: Lane) -> None:
    lane.enter(1)
    with Picked(MEMBER, lane.enter(1), Server(), 0) as picked:
        with pytest.raises(EnginesBusy) as busy:
            picked.wait_ready(0.01)
        picked.failed(busy.value)
    assert lane.works()


@pytest.mark.parametrize("error", [ContextOverflow(9000, 8192), EngineLimited("Later.", retry_after=1.0)])
def test_a_breaker_that_learned_nothing_may_try_again(error: Exception) -> None:
    now = [1000.0]
    lane = Lane("v/b", lambda: now[0])
    for _ in range(5):
        lane.failed(EngineUnavailable("no"))
    now[0] += 3600
    with Picked(MEMBER, lane.enter(1), Server(), 0) as picked:
        assert not lane.works(), "One is the try."
        picked.failed(error)
    now[0] += 3600
    assert lane.works()


def test_what_an_engine_used_that_died_stays_unknown_and_another_call_asks_the_next_one(lane: Lane) -> None:
    dead, other = Server(), Server()
    dead.fails = EngineDied("It is gone.")
    both = iter([Picked(MEMBER, lane.enter(8), dead, 0), Picked(MEMBER, lane.enter(8), other, 0)])
    waited = _waited(RoutedEngine(lambda _prefix, _tried: next(both), lambda: other.answers))
    with pytest.raises(EngineDied):
        list(waited.stream(ASK))
    assert not waited.is_known
    assert other.answers.requests == []


def _waited(engine: Engine, is_left: Callable[[], bool] = lambda: False, *, must_end: bool = False) -> Waited:
    return Waited(engine, is_left=is_left, must_end=lambda: must_end and is_left(), drain_seconds=60)


@pytest.mark.parametrize("must_end", [False, True])
def test_a_request_that_only_waits_is_given_up_at_once_and_used_nothing(lane: Lane, *, must_end: bool) -> None:
    server, left = Server(), [False]
    first = lane.enter(1)
    picked = Picked(MEMBER, lane.enter(1), server, 0)
    waited = _waited(picked.engine, lambda: left[0], must_end=must_end)
    stream = waited.stream(ASK)
    assert isinstance(next(stream), WaitingChunk)
    left[0] = True
    with pytest.raises(Stopped):
        next(stream)
    assert waited.is_known
    assert waited.used == Usage()
    lane.leave(first)
    assert server.answers.requests == []


def test_what_was_sent_after_all_is_not_known_to_have_used_nothing(lane: Lane) -> None:
    server = Server()
    server.fails = EngineDied("It is gone.")
    first = lane.enter(1)
    waited = _waited(Picked(MEMBER, lane.enter(1), server, 0).engine)
    stream = waited.stream(ASK)
    next(stream)
    lane.leave(first)
    with pytest.raises(EngineDied):
        list(stream)
    assert not waited.is_known

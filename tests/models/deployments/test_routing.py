"""Which engine a request goes to."""

from collections import Counter

import pytest

from jindou.errors import Invalid, Limited, Unavailable
from jindou.models.deployments import Deployment, EnginesBusy, Member
from jindou.models.deployments.lanes import Lane, Turn
from jindou.models.deployments.routing import Lanes, choose
from jindou.models.upstreams import EngineDied, EngineUnavailable


class Now:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def lanes(now: Now) -> Lanes:
    return Lanes(now)


def server(name: str, **fields: object) -> Member:
    return Member.model_validate({"engine": name, "model": "big", "url": f"http://{name}/v1"} | fields)


def model(*members: Member) -> Deployment:
    return Deployment(name="big", members=members, context_tokens=8192)


def chosen(deployment: Deployment, lanes: Lanes, prefix: int = 0, tried: tuple[str, ...] = ()) -> Lane:
    return choose(deployment, lanes, prefix, tried)[1]


def enter(deployment: Deployment, lanes: Lanes, prefix: int = 0) -> Turn:
    member, lane = choose(deployment, lanes, prefix, ())
    return lane.enter(member.at_once)


def break_it(lane: Lane, times: int = 5) -> None:
    for _ in range(times):
        lane.failed(EngineUnavailable("no"))


def test_requests_are_spread_by_weight(lanes: Lanes) -> None:
    deployment = model(server("a", weight=3), server("b", weight=1))
    under_way = Counter(enter(deployment, lanes).lane.engine_id for _ in range(40))
    assert under_way == {"a/big": 30, "b/big": 10}


def test_engines_that_are_free_take_turns_by_weight(lanes: Lanes) -> None:
    deployment = model(server("a", weight=3), server("b", weight=1))
    served: Counter[str] = Counter()
    for _ in range(40):
        turn = enter(deployment, lanes)
        served[turn.lane.engine_id] += 1
        turn.lane.leave(turn)
    assert served == {"a/big": 30, "b/big": 10}


def test_the_next_rank_is_for_when_none_of_the_first_can(lanes: Lanes) -> None:
    deployment = model(server("a"), server("b", rank=1), server("c", rank=2))
    assert chosen(deployment, lanes).engine_id == "a/big"
    assert chosen(deployment, lanes, tried=("a/big",)).engine_id == "b/big"
    break_it(chosen(deployment, lanes))
    assert chosen(deployment, lanes).engine_id == "b/big"
    with pytest.raises(EngineUnavailable, match="did not answer"):
        chosen(deployment, lanes, tried=("a/big", "b/big", "c/big"))


def test_one_that_has_just_died_comes_after_all_others_for_a_while(lanes: Lanes, now: Now) -> None:
    deployment = model(server("a"), server("b", rank=1))
    first = chosen(deployment, lanes)
    first.failed(EngineDied("It is gone."))
    assert chosen(deployment, lanes).engine_id == "b/big"
    assert chosen(deployment, lanes, tried=("b/big",)) is first
    now.at += 6.0
    assert chosen(deployment, lanes) is first
    first.failed(EngineDied("It is gone."))
    first.succeeded()
    assert chosen(deployment, lanes) is first


def test_the_same_beginning_goes_to_the_same_engine_and_beginnings_are_spread(now: Now) -> None:
    deployment = model(*(server(name) for name in "abcd"))
    homes = {prefix: chosen(deployment, Lanes(now), prefix).engine_id for prefix in range(1, 401)}
    assert homes == {prefix: chosen(deployment, Lanes(now), prefix).engine_id for prefix in range(1, 401)}
    assert all(70 < n < 130 for n in Counter(homes.values()).values())


def test_when_an_engine_goes_only_its_own_beginnings_move(now: Now) -> None:
    four, three = (model(*(server(name) for name in names)) for names in ("abcd", "abc"))
    for prefix in range(1, 200):
        home = chosen(four, Lanes(now), prefix).engine_id
        assert home == "d/big" or chosen(three, Lanes(now), prefix).engine_id == home


def test_a_clearly_busier_engine_loses_a_beginning_for_as_long_as_it_is(lanes: Lanes) -> None:
    deployment = model(server("a"), server("b"))
    home = chosen(deployment, lanes, 7)
    turns = [home.enter(32) for _ in range(3)]
    assert chosen(deployment, lanes, 7) is not home
    home.leave(turns.pop())
    assert chosen(deployment, lanes, 7) is home


def test_a_breaker_opens_tries_once_and_closes(lanes: Lanes, now: Now) -> None:
    deployment = model(server("a"))
    lane = chosen(deployment, lanes)
    break_it(lane, 4)
    assert lane.state == "closed"
    break_it(lane, 1)
    assert lane.state == "open"
    with pytest.raises(EngineUnavailable, match="rests"):
        chosen(deployment, lanes)
    now.at += 1.1
    assert lane.state == "half-open"
    turn = enter(deployment, lanes)
    with pytest.raises(EngineUnavailable):
        chosen(deployment, lanes)
    lane.succeeded()
    lane.leave(turn)
    assert lane.state == "closed"


def test_a_failed_try_doubles_the_pause_and_one_that_says_nothing_leaves_it(lanes: Lanes, now: Now) -> None:
    deployment = model(server("a"))
    lane = chosen(deployment, lanes)
    break_it(lane)
    now.at += 1.1
    turn = enter(deployment, lanes)
    lane.leave(turn)
    turn = enter(deployment, lanes)
    turn.is_told = True
    lane.failed(Unavailable("no"))
    lane.leave(turn)
    now.at += 1.1
    assert lane.state == "open"
    now.at += 1
    assert lane.state == "half-open"


def test_old_failures_do_not_open_a_breaker_and_a_success_forgives(lanes: Lanes, now: Now) -> None:
    lane = chosen(model(server("a")), lanes)
    for _ in range(10):
        lane.failed(EngineUnavailable("no"))
        now.at += 10
    assert lane.state == "closed"
    now.at += 30
    break_it(lane, 4)
    lane.succeeded()
    break_it(lane, 4)
    assert lane.state == "closed"


def test_the_callers_fault_counts_for_nothing_and_a_limit_is_kept(lanes: Lanes, now: Now) -> None:
    lane = chosen(model(server("a")), lanes)
    for _ in range(20):
        lane.failed(Invalid("your fault"))
    assert lane.works()
    lane.failed(Limited("slow down", retry_after=3.0))
    assert not lane.works()
    now.at += 3.1
    assert lane.works()


def test_what_is_too_much_waits_in_order_and_what_is_far_too_much_is_refused(lanes: Lanes) -> None:
    deployment = model(server("a", at_once=1))
    turns = [enter(deployment, lanes) for _ in range(5)]
    assert [turn.has_come for turn in turns] == [True, False, False, False, False]
    with pytest.raises(EnginesBusy) as caught:
        enter(deployment, lanes)
    assert caught.value.retry_after > 0
    lane = turns[0].lane
    lane.leave(turns[2])
    lane.leave(turns[0])
    assert [turn.has_come for turn in turns[1:2] + turns[3:]] == [True, False, False]
    for turn in (turns[1], turns[3], turns[4]):
        assert turn.has_come
        lane.leave(turn)
    assert (lane.load, lane.waiting) == (0, 0)


def test_two_deployments_share_the_lane_of_an_engine(lanes: Lanes) -> None:
    one, other = model(server("a")), Deployment(name="x", members=(server("a", weight=5),), context_tokens=1024)
    assert chosen(one, lanes) is chosen(other, lanes)

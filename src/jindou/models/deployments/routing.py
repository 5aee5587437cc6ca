"""Which engine a request goes to."""

import hashlib
import math
from collections.abc import Callable, Collection, Sequence
from typing import Final

from jindou.models.deployments.lanes import Lane
from jindou.models.deployments.types import Deployment, EnginesBusy, Member
from jindou.models.upstreams import EngineUnavailable

__all__ = ["Lanes", "choose"]

_RETRY_SECONDS: Final = 1.0
_CLEARLY: Final = 2.0
"""An engine is clearly busier with more than twice the least load, and two requests on top."""

Placed = tuple[Member, Lane]


class Lanes:
    """The lanes of one process. A lane is an engine's, not a deployment's."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lanes: dict[tuple[str, str], Lane] = {}

    def of(self, member: Member) -> Lane:
        """Return the lane of a member's engine."""
        key = member.engine_id, member.url
        lane = self._lanes.get(key)
        # `setdefault` is one step, so that two threads get the same lane.
        return lane or self._lanes.setdefault(key, Lane(member.engine_id, self._monotonic))


def choose(deployment: Deployment, lanes: Lanes, prefix: int, tried: Collection[str]) -> Placed:
    """Return the member to ask: of the lowest rank that has one at work, the one for the prefix or the least busy.

    One that has just died comes after all others, whatever its rank.

    Raises:
        EnginesBusy: those that are left have as many waiting as may wait.
        EngineUnavailable: none is left.
    """
    if len(deployment.members) == 1 and not tried:
        # Most have one, and most requests are their first.
        (member,) = deployment.members
        lane = lanes.of(member)
        if lane.works() and not lane.is_full(member.at_once):
            return member, lane
    working = [
        (member, lane)
        for member in deployment.members
        if member.engine_id not in tried and (lane := lanes.of(member)).works()
    ]
    if not working:
        why = "did not answer" if tried else "has failed again and again, and rests"
        raise EngineUnavailable(f"No engine of `{deployment.name}` is left: each {why}.")
    free = [(member, lane) for member, lane in working if not lane.is_full(member.at_once)]
    if not free:
        raise EnginesBusy(f"Every engine of `{deployment.name}` is busy; try again.", retry_after=_RETRY_SECONDS)
    ranked = [(lane.is_shaken(), member.rank) for member, lane in free]
    first = min(ranked)
    return _among([placed for placed, rank in zip(free, ranked, strict=True) if rank == first], prefix)


def _among(placed: Sequence[Placed], prefix: int) -> Placed:
    if len(placed) == 1:
        return placed[0]
    least = min(placed, key=lambda one: (_share(one), one[1].picked / one[0].weight))
    if not prefix:
        return least
    home = max(placed, key=lambda one: _pull(one[0], prefix))
    return home if _share(home) <= _CLEARLY * _share(least) + _CLEARLY / home[0].weight else least


def _share(placed: Placed) -> float:
    member, lane = placed
    return lane.load / member.weight


def _pull(member: Member, prefix: int) -> float:
    """Weighted rendezvous hashing: every process agrees, and when one engine goes only its own prefixes move.

    The score is the one of Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (2005).
    """
    digest = hashlib.blake2b(f"{prefix} {member.engine_id} {member.url}".encode(), digest_size=8).digest()
    return -member.weight / math.log((int.from_bytes(digest) + 1) / (2**64 + 1))

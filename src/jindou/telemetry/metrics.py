"""The figures of one process, counted where the work is done: about two microseconds a request."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from jindou.telemetry.exposition import Buckets, Family, exposition

__all__ = ["NO_TOKENS", "LedgerMeter", "Metrics", "RequestMeter", "Tokens"]

Tokens = tuple[int, int, int, int]
"""Tokens that were computed of the input, found in the cache, written as an answer, and written as reasoning."""

NO_TOKENS: Final[Tokens] = (0, 0, 0, 0)

_Event = str | tuple[str, str, int, float, float | None, Tokens]
"""A route that a request came in by, or the end of one."""

_KINDS: Final = ("input", "cached", "output", "reasoning")
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_COMMIT_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_BATCH: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
_ADD_UP_AFTER: Final = 1024
_MOST_SERIES: Final = 1000
_WHOLE: Final = 0.9
"""An answer whose first token came after this share of its time came as a whole."""
_FEW: Final = 4
"""Fewer tokens say nothing of a speed."""
_NEWEST: Final = 0.2
"""How much the newest answer counts in the speed of its model."""
_OTHER: Final = ("other", "other")


class Metrics:
    """Every figure that a process counts itself."""

    def __init__(self) -> None:
        self.requests = RequestMeter()
        self.ledger = LedgerMeter()

    def text(self, more: Iterable[Family] = ()) -> str:
        """Return what has been counted up to now, and `more`, as Prometheus reads it."""
        return exposition((*self.requests.families(), *self.ledger.families(), *more))


class _Series:
    """The figures of one route and model."""

    __slots__ = ("first", "seconds", "statuses", "tokens")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.seconds = Buckets(_SECONDS)
        self.first = Buckets(_SECONDS)
        self.tokens = [0, 0, 0, 0]


class RequestMeter:
    """Requests to models, by route.

    Routes are those of `/v1` (``chat``, ``completions``, ``responses``, ``messages``, ``embeddings``), ``playground``,
    and ``run`` for the calls of assistants.

    `model` is a name that is served here, never one that a client made up: use an empty one for those. A process keeps
    a thousand pairs of route and model; the rest are counted as ``other``.

    What happens is put down and added up later, many at a time: putting down needs no lock.
    """

    def __init__(self) -> None:
        self._events: deque[_Event] = deque()
        self._lock = threading.Lock()
        self._series: dict[tuple[str, str], _Series] = {}
        self._in_flight: dict[str, int] = {}
        self._speeds: dict[str, float] = {}

    def begun(self, route: str) -> float:
        """Count a request in, and return when it began, on the clock of `time.perf_counter`."""
        self._events.append(route)
        return time.perf_counter()

    def done(  # noqa: PLR0917 - a caller who counts nanoseconds may leave the names out
        self,
        route: str,
        model: str,
        status: int,
        seconds: float,
        ttft: float | None = None,
        tokens: Tokens = NO_TOKENS,
    ) -> None:
        """Count a request out: its HTTP `status`, how long it took, and how long to its first token if it had one."""
        self._events.append((route, model, status, seconds, ttft, tokens))
        if len(self._events) >= _ADD_UP_AFTER:
            self._add_up()

    def _add_up(self) -> None:
        take, in_flight = self._events.popleft, self._in_flight
        with self._lock:
            for _ in range(len(self._events)):
                event = take()
                if isinstance(event, str):
                    in_flight[event] = in_flight.get(event, 0) + 1
                    continue
                route, model, status, seconds, ttft, tokens = event
                in_flight[route] = in_flight.get(route, 0) - 1
                series = self._series.get((route, model)) or self._new(route, model)
                series.statuses[status] = series.statuses.get(status, 0) + 1
                series.seconds.add(seconds)
                if ttft is not None:
                    series.first.add(ttft)
                if tokens is not NO_TOKENS:
                    self._note_speed(model, seconds, ttft, tokens)
                    sums = series.tokens
                    sums[0] += tokens[0]
                    sums[1] += tokens[1]
                    sums[2] += tokens[2]
                    sums[3] += tokens[3]

    def _note_speed(self, model: str, seconds: float, ttft: float | None, tokens: Tokens) -> None:
        """Have an answer count in the speed of its model. One that came as a whole had its first token at its end."""
        made = tokens[2] + tokens[3]
        streamed = ttft is not None and ttft < _WHOLE * seconds
        writing = seconds - ttft if ttft is not None and streamed else seconds
        if made < _FEW or writing <= 0:
            return
        speed = made / writing
        known = self._speeds.get(model)
        if known is None and len(self._speeds) >= _MOST_SERIES:
            return
        self._speeds[model] = speed if known is None else known + _NEWEST * (speed - known)

    def speeds(self) -> dict[str, float]:
        """Return how many tokens a second each model has written lately, of those whose answers say so."""
        self._add_up()
        with self._lock:
            return dict(self._speeds)

    def _new(self, route: str, model: str) -> _Series:
        key = (route, model) if len(self._series) < _MOST_SERIES else _OTHER
        return self._series.setdefault(key, _Series())

    def families(self) -> Iterator[Family]:
        """Yield what has been counted up to now."""
        total = Family("jindou_requests_total", "Requests to models that have ended, by HTTP status.", "counter")
        seconds = Family("jindou_request_duration_seconds", "Time from a request to its end.", "histogram")
        first = Family("jindou_time_to_first_token_seconds", "Time from a request to its first token.", "histogram")
        tokens = Family("jindou_tokens_total", "Tokens of requests to models, by kind.", "counter")
        in_flight = Family("jindou_requests_in_flight", "Requests to models that are under way.", "gauge")
        self._add_up()
        with self._lock:
            for (route, model), series in self._series.items():
                for status, count in series.statuses.items():
                    total.add(count, route=route, model=model, status=str(status))
                seconds.add_buckets(series.seconds, route=route, model=model)
                first.add_buckets(series.first, route=route, model=model)
                for kind, count in zip(_KINDS, series.tokens, strict=True):
                    tokens.add(count, route=route, model=model, kind=kind)
            for route, count in self._in_flight.items():
                in_flight.add(count, route=route)
        yield from (total, seconds, first, tokens, in_flight)


class LedgerMeter:
    """The batches in which the ledger makes openings and settlements durable."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes = Buckets(_BATCH)
        self._seconds = Buckets(_COMMIT_SECONDS)

    def committed(self, size: int, seconds: float) -> None:
        """Count a batch of `size` records that took `seconds` to be durable."""
        with self._lock:
            self._sizes.add(size)
            self._seconds.add(seconds)

    def families(self) -> Iterator[Family]:
        """Yield what has been counted up to now."""
        sizes = Family("jindou_ledger_batch_size", "Records in a batch of the ledger.", "histogram")
        seconds = Family("jindou_ledger_commit_seconds", "Time until a batch of the ledger was durable.", "histogram")
        with self._lock:
            sizes.add_buckets(self._sizes)
            seconds.add_buckets(self._seconds)
        yield from (sizes, seconds)

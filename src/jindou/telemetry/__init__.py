"""What is seen of the platform at work: the log, the figures at `/metrics`, and spans; and the clock they go by.

Two lines in a hot path give figures and spans of it:

    started = metrics.requests.begun("chat")
    metrics.requests.done("chat", model, 200, time.perf_counter() - started, ttft, (input, cached, output, reasoning))
"""

from jindou.telemetry.clock import Clock, SystemClock
from jindou.telemetry.exposition import Family
from jindou.telemetry.logs import configure_logging, get_logger
from jindou.telemetry.metrics import NO_TOKENS, LedgerMeter, Metrics, Tokens
from jindou.telemetry.spans import Spans, Timed, open_spans

__all__ = [
    "NO_TOKENS",
    "Clock",
    "Family",
    "LedgerMeter",
    "Metrics",
    "Spans",
    "SystemClock",
    "Timed",
    "Tokens",
    "configure_logging",
    "get_logger",
    "open_spans",
]

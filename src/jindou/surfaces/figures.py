"""What every process of ours tells of itself at `/metrics`."""

from collections.abc import Iterator
from typing import Final

import psutil

from jindou import __version__
from jindou.telemetry import Family

__all__ = ["TEXT", "one", "process_families"]

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of Prometheus's text format."""


def process_families() -> Iterator[Family]:
    """Yield the processor time, the memory, the beginning and the version of this process."""
    process = psutil.Process()
    with process.oneshot():
        times = process.cpu_times()
        memory = process.memory_info().rss
        began = process.create_time()
    yield one(
        Family("process_cpu_seconds_total", "Processor time of the server.", "counter"), times.user + times.system
    )
    yield one(Family("process_resident_memory_bytes", "Memory of the server.", "gauge"), memory)
    yield one(Family("process_start_time_seconds", "When the server began, in seconds since 1970.", "gauge"), began)
    build = Family("jindou_build_info", "The version that runs.", "gauge")
    build.add(1, version=__version__)
    yield build


def one(family: Family, value: float) -> Family:
    """Return a family that has one value, without labels."""
    family.add(value)
    return family

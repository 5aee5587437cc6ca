"""Runs: a journal of steps, moved on by segments, told as a stream of events."""

from jindou.agents.runs.journal import Journal
from jindou.agents.runs.segment import FINAL, Parts
from jindou.agents.runs.service import Runs
from jindou.agents.runs.types import Explanation, Run, RunDetail, RunEvent, RunSearch, StartRun, UndoPlan
from jindou.agents.runs.workflows import Runner

__all__ = [
    "FINAL",
    "Explanation",
    "Journal",
    "Parts",
    "Run",
    "RunDetail",
    "RunEvent",
    "RunSearch",
    "Runner",
    "Runs",
    "StartRun",
    "UndoPlan",
]

"""What a run tells those who watch from outside: each attempt once, and what its person broke off is no failure."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jindou import assembly_ground
from jindou.telemetry import Spans
from jindou.telemetry.otel import open_exporter
from support.desk import Desk, open_desk
from support.paced import PacedEngine


class Watcher:
    """Takes the spans of the platforms that are opened while it is there."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._kept = InMemorySpanExporter()
        self._spans = open_exporter(self._kept, "1")
        patch.setattr(assembly_ground, "open_spans", self._open)

    def _open(self, _endpoint: str, _version: str) -> Spans:
        return self._spans

    def seen(self) -> Sequence[ReadableSpan]:
        """Return the spans of all that has ended."""
        self._spans.stop()
        return self._kept.get_finished_spans()


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Watcher:
    return Watcher(monkeypatch)


def control(desk: Desk, verb: str, run_id: str) -> None:
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        getattr(desk.platform.runs.control, verb)(work, desk.clerk, run_id)


@contextmanager
def at_work(desk: Desk) -> Generator[None]:
    segment = threading.Thread(target=desk.platform.runner.run, args=(desk.claim(),))
    segment.start()
    yield
    segment.join(60)
    assert not segment.is_alive()


def errors(spans: Sequence[ReadableSpan], operation: str) -> list[object]:
    found = [span.attributes or {} for span in spans if span.name.startswith(operation)]
    return [attributes.get("error.type") for attributes in found]


def test_a_run_that_is_tried_again_is_one_trace_in_which_no_span_comes_twice(home: Path, watcher: Watcher) -> None:
    with open_desk(home, "") as desk:
        run = desk.ask("Hi")
        assert run.status == "failed"
        desk.let_say("All is well.")
        control(desk, "retry", run.id)
        assert desk.move_on(run.id).status == "done"
    spans = watcher.seen()
    contexts = [span.context for span in spans if span.context is not None]
    assert len({context.trace_id for context in contexts}) == 1
    assert len({context.span_id for context in contexts}) == len(contexts) == 4
    first, again = (span for span in spans if span.name.startswith("invoke_agent"))
    assert errors(spans, "invoke_agent") == ["failed", None]
    assert again.parent is not None
    assert first.context is not None
    assert again.parent.span_id == first.context.span_id
    assert (again.start_time or 0) >= (first.end_time or 0)


def test_a_call_of_a_model_that_was_paused_and_then_stopped_counts_once_as_broken_off(
    home: Path, watcher: Watcher
) -> None:
    begun = threading.Event()

    def script(_messages: object) -> str:
        begun.set()
        return "All is well."

    with open_desk(home, engine=PacedEngine(script, hold_at=0)) as desk:
        run = desk.start("Hi")
        with at_work(desk):
            assert begun.wait(60)
            control(desk, "pause", run.id)
        control(desk, "cancel", run.id)
        assert desk.move_on(run.id).status == "cancelled"
        counted = [line for line in desk.platform.gateway.metrics.text().splitlines() if 'route="run"' in line]
    assert errors(watcher.seen(), "chat") == ["interrupted"]
    (total,) = [line for line in counted if line.startswith("jindou_requests_total")]
    assert 'status="499"' in total
    assert total.endswith(" 1")

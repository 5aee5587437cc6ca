"""Spans to an OTLP collector: the one file that needs the extra ``jindou[otel]``."""

import secrets
import threading
from datetime import datetime
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from jindou.telemetry.spans import Span, Spans

__all__ = ["open_exporter", "open_otlp"]

_OURS: Final = frozenset({"execute_tool", "invoke_agent"})
_STOP_MILLISECONDS: Final = 3000
_PARENTS: Final = TraceContextTextMapPropagator()


def open_otlp(endpoint: str, version: str) -> Spans:
    """Return spans that are sent in batches to the collector at `endpoint`, by HTTP.

    What else OpenTelemetry's own variables say (headers, time-outs, attributes of the resource) its packages read
    themselves.
    """
    return open_exporter(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"), version)


def open_exporter(exporter: SpanExporter, version: str) -> Spans:
    """Return spans that `exporter` takes in batches."""
    resource = Resource.create({"service.name": "jindou", "service.version": version})
    ids = _Ids()
    provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("jindou", version)

    def keep(span: Span) -> None:
        began = _nanoseconds(span.timed.began_at)
        is_run = span.operation == "invoke_agent" and not span.again
        with ids.given(span.trace_id, span.run_span_id if is_run else 0):
            made = tracer.start_span(
                span.name,
                context=Context() if is_run else _context(span),
                kind=SpanKind.INTERNAL if span.operation in _OURS else SpanKind.CLIENT,
                attributes=span.attributes,
                start_time=began,
            )
        if span.timed.error:
            made.set_attribute("error.type", span.timed.error)
            made.set_status(StatusCode.ERROR)
        made.end(began + int(span.timed.seconds * 1e9))

    def stop() -> None:
        provider.force_flush(_STOP_MILLISECONDS)
        provider.shutdown()

    return Spans(keep, stop)


class _Ids(IdGenerator):
    """Random ids, except where they are given: the spans of a run have the run's trace in every process."""

    def __init__(self) -> None:
        self._given = threading.local()

    def given(self, trace_id: int, span_id: int) -> "_Given":
        return _Given(self._given, trace_id, span_id)

    @override
    def generate_span_id(self) -> int:
        return getattr(self._given, "span_id", 0) or secrets.randbits(64) or 1

    @override
    def generate_trace_id(self) -> int:
        return getattr(self._given, "trace_id", 0) or secrets.randbits(128) or 1


class _Given:
    def __init__(self, place: threading.local, trace_id: int, span_id: int) -> None:
        self._place = place
        self._ids = trace_id, span_id

    def __enter__(self) -> None:
        self._place.trace_id, self._place.span_id = self._ids

    def __exit__(self, *_: object) -> None:
        self._place.trace_id = self._place.span_id = 0


def _context(span: Span) -> Context:
    if span.run:
        flags = TraceFlags(TraceFlags.SAMPLED)
        of_run = SpanContext(span.trace_id, span.run_span_id, is_remote=True, trace_flags=flags)
        return set_span_in_context(NonRecordingSpan(of_run), Context())
    return _PARENTS.extract({"traceparent": span.parent}, Context()) if span.parent else Context()


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000

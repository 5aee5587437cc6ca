"""Spans of model calls, tool calls and runs, by OpenTelemetry's conventions for generative AI.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ names the attributes. What people and models say is never in them,
and neither is a key.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from typing import Any, Final, Literal

from jindou.errors import Unavailable
from jindou.telemetry.logs import get_logger
from jindou.telemetry.metrics import NO_TOKENS, Tokens

__all__ = ["NO_SPANS", "Span", "Spans", "Timed", "open_spans"]

Operation = Literal["chat", "text_completion", "embeddings", "execute_tool", "invoke_agent"]
Attribute = str | int | float | Sequence[str]

_OPERATIONS: Final[Mapping[str, Operation]] = {
    "chat": "chat",
    "responses": "chat",
    "messages": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
}
"""What a route of `/v1` does, if it asks a model at all."""

_WRONG: Final = 400
_PROVIDER: Final = "jindou"
_ADAPTER: Final = "jindou.telemetry.otel"
_log = get_logger(__name__)


class NoOpenTelemetry(Unavailable):
    """The packages that send spans are not installed."""

    code = "no_opentelemetry"


@dataclass(frozen=True, slots=True)
class Timed:
    """When something began, how long it took, and the kind of what went wrong, if anything did."""

    began_at: datetime
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that has ended.

    Those with one `run` are one trace, in whatever process they were; so are those of a `parent`, which is the header
    ``traceparent`` of whoever asked. A run that was tried `again` has a further span each time, below its first one.
    """

    operation: Operation
    subject: str
    timed: Timed
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    run: str = ""
    parent: str = ""
    again: int = 0

    @property
    def name(self) -> str:
        """What the span is called: its operation, and its model, tool or assistant."""
        return f"{self.operation} {self.subject}".rstrip()

    @property
    def trace_id(self) -> int:
        """The trace of its run; 0 if it has no run."""
        return _number(self.run, 16) if self.run else 0

    @property
    def run_span_id(self) -> int:
        """The id of the first span of the run itself; 0 if it has no run."""
        return _number(f"{self.run}/run", 8) if self.run else 0


class Spans:
    """Takes what has ended, for `keep` to send on; without it, nothing is done, and that costs next to nothing."""

    def __init__(self, keep: Callable[[Span], None] | None = None, stop: Callable[[], None] | None = None) -> None:
        self._keep = keep
        self._stop = stop
        self.is_on = keep is not None

    def stop(self) -> None:
        """Send what waits, and end."""
        if self._stop is not None:
            self._stop()

    def request(
        self,
        route: str,
        model: str,
        timed: Timed,
        tokens: Tokens,
        *,
        status: int,
        ttft: float | None = None,
        parent: str = "",
    ) -> None:
        """Tell of a request to a model. `parent` is the ``traceparent`` that came with it."""
        operation = _OPERATIONS.get(route)
        if self._keep is None or operation is None:
            return
        attributes = _of_model(operation, model, tokens)
        attributes["http.response.status_code"] = status
        if ttft is not None:
            attributes["gen_ai.server.time_to_first_token"] = ttft
        if status >= _WRONG and not timed.error:
            timed = replace(timed, error=str(status))
        self._give(Span(operation=operation, subject=model, timed=timed, attributes=attributes, parent=parent))

    def model_step(self, run: str, step: str, model: str, timed: Timed, tokens: Tokens) -> None:
        """Tell of a run's call of a model."""
        if self._keep is None:
            return
        attributes: dict[str, Attribute] = {**_of_model("chat", model, tokens), "jindou.step.id": step}
        self._give(Span(operation="chat", subject=model, timed=timed, attributes=attributes, run=run))

    def tool_step(self, run: str, step: str, tool: str, timed: Timed) -> None:
        """Tell of a run's call of a tool."""
        if self._keep is None:
            return
        attributes: dict[str, Attribute] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": step,
        }
        self._give(Span(operation="execute_tool", subject=tool, timed=timed, attributes=attributes, run=run))

    def run(self, run: str, assistant: str, conversation: str, timed: Timed, *, again: int = 0) -> None:
        """Tell of a whole run, once it is over; of the part that was tried `again`, once that is."""
        if self._keep is None:
            return
        attributes: dict[str, Attribute] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": _PROVIDER,
            "gen_ai.agent.name": assistant,
            "gen_ai.conversation.id": conversation,
            "jindou.run.id": run,
        }
        operation: Operation = "invoke_agent"
        self._give(
            Span(operation=operation, subject=assistant, timed=timed, attributes=attributes, run=run, again=again)
        )

    def _give(self, span: Span) -> None:
        keep = self._keep
        if keep is None:
            return
        try:
            keep(span)
        except Exception:  # noqa: BLE001 - whoever watches must not be in the way of what is watched
            _log.exception("span not kept", extra={"fields": {"span": span.name}})


NO_SPANS: Final = Spans()


def open_spans(endpoint: str, version: str) -> Spans:
    """Return spans that are sent to the OTLP collector at `endpoint`; with an empty one, none are.

    Raises:
        NoOpenTelemetry: the packages for it are not installed; the message says how to get them.
    """
    if not endpoint:
        return NO_SPANS
    try:
        adapter: Any = import_module(_ADAPTER)
    except ModuleNotFoundError as error:
        told = f"OTEL_EXPORTER_OTLP_ENDPOINT is set, and {error.name} is not installed: pip install 'jindou[otel]'."
        raise NoOpenTelemetry(told) from None
    spans: Spans = adapter.open_otlp(endpoint, version)
    return spans


def _of_model(operation: Operation, model: str, tokens: Tokens) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _PROVIDER,
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
    }
    if tokens is not NO_TOKENS:
        fresh, cached, output, reasoning = tokens
        attributes["gen_ai.usage.input_tokens"] = fresh + cached
        attributes["gen_ai.usage.cache_read.input_tokens"] = cached
        if operation != "embeddings":
            attributes["gen_ai.usage.output_tokens"] = output + reasoning
            attributes["gen_ai.usage.reasoning.output_tokens"] = reasoning
    return attributes


def _number(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size]) or 1

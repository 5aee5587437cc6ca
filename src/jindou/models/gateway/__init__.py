"""The gateway: asks an engine, and gives a proper tool call or an answer, whatever the model wrote."""

from jindou.models.gateway.counted import MOST_REQUESTS, Counted, most_used, quantities_of
from jindou.models.gateway.harness import complete
from jindou.models.gateway.quoting import stands_in
from jindou.models.gateway.types import (
    Completion,
    CompletionAsk,
    Stopped,
    ToolCall,
    ToolSchema,
)
from jindou.models.gateway.warming import warm_up

__all__ = [
    "MOST_REQUESTS",
    "Completion",
    "CompletionAsk",
    "Counted",
    "Stopped",
    "ToolCall",
    "ToolSchema",
    "complete",
    "most_used",
    "quantities_of",
    "stands_in",
    "warm_up",
]

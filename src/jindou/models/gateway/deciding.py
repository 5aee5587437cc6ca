"""Whether a call that a model wrote should be made, or something said in its place.

A small model that has tools calls one of them, whatever it is asked. But when nothing fits it is less sure of itself,
or invents a function; a request shares few words with a tool that is not for it, and does not say its arguments. What
these signs weigh together stands, with where it comes from, in `deciding.yaml`.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

import yaml

from jindou.models.gateway.chances import Chances
from jindou.models.gateway.copying import is_listed
from jindou.models.gateway.history import calls_of_this_turn
from jindou.models.gateway.types import CompletionAsk, ToolSchema
from jindou.models.gateway.wording import overlap, share_said

__all__ = ["TOP_LOGPROBS", "chance_to_call", "is_doubtful", "least_chance", "signs"]

TOP_LOGPROBS: Final = 1
"""An engine that is asked for any tells how likely what it wrote was."""

_SURE: Final = 0.003
"""The logarithm of a chance below which nobody tells sure from surer."""

_RECENT: Final = 3
"""Messages of a person that a request can stand in: "And for Berlin?" is about what came before."""


def is_doubtful(ask: CompletionAsk) -> bool:
    """Return whether it is open if `ask` wants a call at all.

    It is not where one has to be made, where one was made already for this request, and where the tools say
    themselves which value of the conversation they can't do without.
    """
    if ask.must_call or not ask.full or calls_of_this_turn(ask.messages):
        return False
    return not any(is_listed(schema) for tool in ask.tools for schema in _properties(tool).values())


def signs(
    ask: CompletionAsk,
    tool: ToolSchema,
    arguments: Mapping[str, object] | None,
    sure: Chances | None,
    *,
    invented: bool = False,
) -> dict[str, float]:
    """Return what speaks for a call of `tool` with `arguments`, of which the model was so `sure`, and against it.

    `invented` says that the model first called a function that there is none of: it found none that fits. What can't be
    told is left out.
    """
    request = _request(ask.messages)
    found: dict[str, float] = {}
    shared = overlap(request, tool)
    if shared is not None:
        found |= {"name_shared": shared.name, "description_shared": shared.description}
        found["request_shared"] = shared.request
    said = share_said(arguments, request, tool.parameters)
    if said is not None:
        found["arguments_said"] = said
    if sure is not None:
        found |= {"name_doubt": _doubt(sure.name), "arguments_doubt": _doubt(sure.arguments)}
    if arguments is not None:
        found["name_known"] = float(not invented)
    return found


def chance_to_call(found: Mapping[str, float]) -> float:
    """Return how likely it is that the call is wanted; a sign that is not there speaks neither for it nor against."""
    weights = _weights()
    score = weights["bias"]
    for name, weight in weights["signs"].items():
        if name in found:
            score += weight["weight"] * (found[name] - weight["mean"]) / weight["spread"]
    return 1.0 / (1.0 + math.exp(-score))


def least_chance() -> float:
    """Return the chance below which a call is not made."""
    return float(_weights()["least_chance"])


@cache
def _weights() -> dict[str, Any]:
    source = files("jindou.models.gateway") / "deciding.yaml"
    return cast("dict[str, Any]", yaml.safe_load(source.read_text(encoding="utf-8")))


def _doubt(logprob: float) -> float:
    """Return how unsure a model was, in decades: a sure one is ten or a hundred times as sure as one that guesses."""
    return math.log10(_SURE - logprob)


def _request(messages: Sequence[Mapping[str, Any]]) -> str:
    said = [str(message.get("content") or "") for message in messages if message.get("role") == "user"]
    return "\n".join(said[-_RECENT:])


def _properties(tool: ToolSchema) -> dict[str, dict[str, Any]]:
    return cast("dict[str, dict[str, Any]]", tool.parameters.get("properties", {}))

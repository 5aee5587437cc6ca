"""Whether a call that a model wrote should be made, or something said in its place.

A small model that has tools calls one of them, whatever it is asked. But it is less sure of itself when nothing fits,
and a request shares few words with a tool that is not for it. What these signs weigh together stands, with where it
comes from, in `deciding.yaml`.
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

__all__ = ["TOP_LOGPROBS", "chance_to_call", "is_doubtful", "is_missed", "least_chance", "signs"]

TOP_LOGPROBS: Final = 10
"""Enough to see how near the model was to saying something."""

_MISSED_CHANCE: Final = 0.5
"""The call that is then written has to stand the whole test, so this may be low."""

_OF_A_CALL: Final = ("name_logprob", "arguments_logprob")

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
    ask: CompletionAsk, tool: ToolSchema, arguments: Mapping[str, object] | None, sure: Chances | None
) -> dict[str, float]:
    """Return what speaks for a call of `tool` with `arguments`, of which the model was so `sure`, and against it.

    What can't be told is left out.
    """
    request = _request(ask.messages)
    found: dict[str, float] = {}
    shared = overlap(request, tool)
    if shared is not None:
        found |= {"name_shared": shared.name, "description_shared": shared.description}
        found["request_shared"] = shared.request
    said = share_said(arguments, request)
    if said is not None:
        found["arguments_said"] = said
    if sure is not None:
        found |= {"name_logprob": sure.name, "say_logprob": sure.say, "arguments_logprob": sure.arguments}
    return found


def is_missed(ask: CompletionAsk, said: Chances) -> bool:
    """Return whether a call may be wanted, though the model has begun to say something and was so sure of it.

    In a schema that allows little, a model that wants to write something else ends up at `say` by a letter's chance.
    """
    doubt = Chances(0.0, said.name, 0.0)
    found = [signs(ask, tool, None, doubt) for tool in ask.tools]
    return any(
        chance_to_call({name: sign for name, sign in of.items() if name not in _OF_A_CALL}) >= _MISSED_CHANCE
        for of in found
        if "name_shared" in of
    )


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


def _request(messages: Sequence[Mapping[str, Any]]) -> str:
    said = [str(message.get("content") or "") for message in messages if message.get("role") == "user"]
    return "\n".join(said[-_RECENT:])


def _properties(tool: ToolSchema) -> dict[str, dict[str, Any]]:
    return cast("dict[str, dict[str, Any]]", tool.parameters.get("properties", {}))

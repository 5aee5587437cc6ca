"""What a run asks its model, and how much of the model's context that takes."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain

from jindou.agents.runs.fold import Journalled
from jindou.agents.runs.segment import Parts, State, has_had_its_effects
from jindou.agents.runs.shown import Notes, messages_of
from jindou.models.gateway import CompletionAsk

__all__ = ["BYTES_A_TOKEN", "Told", "ask_of", "journals_of", "room_of", "tokens_of"]

BYTES_A_TOKEN = 3
"""What is counted of text that no engine has counted yet: English and Chinese have more, JSON with many digits less."""

Told = Mapping[str, int]
"""What an engine said of one prompt: so many `tokens` for so many `bytes`, as `CompletionAsk.size` counts them."""


def ask_of(parts: Parts, state: State, notes: Notes | None) -> CompletionAsk:
    """Return what the model is asked next, with `notes` in place of what they stand for."""
    tools = parts.doorway.tools_of(state.assistant)
    # The results of one round, however long, leave as much for all the rest.
    results = room_of(parts) * BYTES_A_TOKEN // 2
    return CompletionAsk(
        messages=messages_of(state.assistant.instructions, journals_of(state), notes, results),
        tools=parts.doorway.schemas_of(state.assistant),
        max_tokens=parts.answer_max_tokens,
        answer_only=has_had_its_effects(state, tools),
        most_calls=parts.parallel_calls,
    )


def journals_of(state: State) -> Sequence[Journalled]:
    """Return the journals of the conversation, that of the run at work last."""
    return [*state.earlier, (state.run, state.steps)]


def room_of(parts: Parts) -> int:
    """Return how many tokens messages and tools together may have before the past is put into notes."""
    return int(parts.context_share * max(parts.context_tokens - parts.answer_max_tokens, parts.context_tokens // 2))


def tokens_of(state: State, ask: CompletionAsk, told: Told | None) -> int:
    """Return the tokens of a prompt: what an engine `told` of the one before, and an estimate for what has changed.

    Without `told` it is what the journal has of the conversation's newest model call.
    """
    steps = chain.from_iterable(reversed(steps) for _, steps in reversed(journals_of(state)))
    known = told or next((step.response["prompt"] for step in steps if "prompt" in step.response), None)
    tokens, of_bytes = (known["tokens"], known["bytes"]) if known is not None else (0, 0)
    return max(0, tokens + math.ceil((ask.size - of_bytes) / BYTES_A_TOKEN))

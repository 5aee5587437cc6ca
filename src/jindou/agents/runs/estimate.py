"""What the rest of a run may cost at most."""

from jindou.agents.runs.limits import room
from jindou.agents.runs.segment import Parts, State
from jindou.billing.pricing import Money
from jindou.billing.usage import Quantities
from jindou.db import Work
from jindou.models.gateway import MOST_REQUESTS

__all__ = ["estimate"]


def estimate(parts: Parts, work: Work, state: State, sku: str) -> Money:
    """Return what the rest costs at most if a call of `sku` is made now: a bound, and far from what it mostly costs.

    Each step that is left may be a model's, with a full context and the longest answer.
    """
    call = parts.journal.worst(work, [sku], Quantities(calls=1))
    left = room(state.limits, state.steps)
    completion = Quantities(
        input_tokens=MOST_REQUESTS * parts.context_tokens, output_tokens=MOST_REQUESTS * parts.answer_max_tokens
    )
    step = max(parts.journal.worst(work, parts.skus(state.run.org_id), completion), call)
    # Those of an undo are calls only; no model is asked.
    return Money(micro=call + (0 if state.run.undoes else left * step), currency=state.run.currency)

"""What a completion is made of while it goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from jindou.billing.budgets import LimitState
from jindou.billing.pricing import Money
from jindou.errors import Forbidden
from jindou.models.engines import Usage
from jindou.models.upstreams import Waits

__all__ = [
    "Begun",
    "CallPiece",
    "Done",
    "Event",
    "ModelNotAllowed",
    "PassOn",
    "ReasoningPiece",
    "Tell",
    "TextPiece",
]


class ModelNotAllowed(Forbidden):
    """The model is served, but this key is not for it."""

    code = "model_not_allowed"


@dataclass(slots=True)
class Begun:
    """The first event: the engine has begun to answer. `id` is the attempt in the ledger.

    `limits` says how much is left of what bounds the caller; `warnings` are the budgets of which the warned share is
    gone.
    """

    id: str
    model: str
    created: datetime
    limits: tuple[LimitState, ...] = ()
    warnings: tuple[LimitState, ...] = ()

    @property
    def stem(self) -> str:
        """The id without its prefix: what the ids on the wire are made of."""
        return self.id.rpartition("_")[2]


@dataclass(slots=True)
class TextPiece:
    """The next piece of the answer; never empty."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class ReasoningPiece:
    """The next piece of what a model thinks before it answers."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class CallPiece:
    """A piece of the call number `at`. The first has its `id` and `name`, those after it more of its `arguments`."""

    at: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    choice: int = 0


@dataclass(slots=True)
class Done:
    """The last event. The ledger has its row by now, with exactly this usage; `cost` is None if that is unknown."""

    usage: Usage
    finish_reasons: tuple[str, ...] = field(default=("stop",))
    cost: Money | None = None

    @property
    def finish_reason(self) -> str:
        """Why the first choice ended: ``stop``, ``length`` or ``tool_calls``."""
        return self.finish_reasons[0]


Event = Begun | TextPiece | ReasoningPiece | CallPiece | Done
"""A completion is `Begun`, any number of pieces, and `Done`. One that fails ends with an exception instead."""

Tell = Callable[[Event], Waits | None]
"""Takes an event, and returns what has to be awaited before the next, as long as the client needs to take it."""

PassOn = Callable[[Sequence[bytes]], Waits | None]
"""Takes what an engine sent that speaks the client's language, as it is, in the place of pieces: the JSON of `choices`.

Of a stream that is what came together, one for each chunk; else it is the one answer. It returns what `Tell` does.
"""

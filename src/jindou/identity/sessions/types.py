"""What a session is, and how somebody came in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jindou.identity.principals import Principal

__all__ = ["Arrival", "BreakGlass", "BreakGlassAsk", "Factor", "Method", "Place", "Seat", "Session"]

Method = Literal["link", "operator", "break-glass", "password", "passkey", "sso"]
Place = Literal["machine", "private", "public", "unknown"]
"""Where an address is: this machine, a private network, or the internet. The address itself is not kept."""

Factor = Literal["password", "totp", "recovery", "passkey"]
"""What somebody proved themselves by as they came in."""

_MOST_AGENT = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """How and from where somebody comes in; `agent` is what their browser or program calls itself.

    Whoever `must_enrol` may do nothing else before they have a second factor.
    """

    method: Method = "link"
    agent: str = ""
    place: Place = "unknown"
    factors: tuple[Factor, ...] = ()
    must_enrol: bool = False

    def told(self) -> str:
        """Return the agent as it is kept: short, and nothing that can't be printed."""
        return "".join(letter for letter in self.agent if letter.isprintable())[:_MOST_AGENT]


class Session(BaseModel):
    """Where somebody is signed in. Its `id` opens nothing; `current` is the one that asks."""

    id: str
    method: Method
    factors: list[Factor]
    actor: str
    agent: str
    place: Place
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """Whoever showed the secret of a session: whom it acts for, which it is, and when its person last gave a proof."""

    who: Principal
    session_id: str
    method: Method
    proved_at: datetime
    must_enrol: bool = False
    is_due: bool = field(default=False)
    """Whether its use has not been written down for some time."""


def _printable(text: str) -> str:
    text = " ".join(text.split())
    if not text.isprintable():
        raise ValueError("a reason has letters that can be printed")
    return text


class BreakGlassAsk(BaseModel):
    """Who is needed at once, why, and for how long."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(
        min_length=1, max_length=80, pattern=r"^[^\x00]*$", description="A person's handle, such as `manager`."
    )
    reason: Annotated[str, Field(min_length=8, max_length=400), AfterValidator(_printable)]
    minutes: int = Field(default=60, ge=5, le=480)


class BreakGlass(BaseModel):
    """That the operator came in as somebody in an emergency, or still may."""

    person_id: str
    person_name: str
    reason: str
    minutes: int
    made_at: datetime
    used_at: datetime | None
    ends_at: datetime
    is_open: bool

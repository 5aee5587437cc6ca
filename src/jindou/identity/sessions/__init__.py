"""Sign-in links and sessions."""

from jindou.identity.sessions.failures import SignInLinkExpired, SignInLinkUsed
from jindou.identity.sessions.service import OPERATOR, Sessions
from jindou.identity.sessions.types import Arrival, BreakGlass, BreakGlassAsk, Factor, Method, Place, Seat, Session

__all__ = [
    "OPERATOR",
    "Arrival",
    "BreakGlass",
    "BreakGlassAsk",
    "Factor",
    "Method",
    "Place",
    "Seat",
    "Session",
    "Sessions",
    "SignInLinkExpired",
    "SignInLinkUsed",
]

"""Sign-in links and sessions."""

from jindou.identity.sessions.service import OPERATOR, Sessions, SignInLinkExpired, SignInLinkUsed

__all__ = ["OPERATOR", "Sessions", "SignInLinkExpired", "SignInLinkUsed"]

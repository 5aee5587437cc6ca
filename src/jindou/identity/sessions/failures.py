"""Why a link or a session opens nothing."""

from jindou.errors import Unauthenticated

__all__ = ["SignInLinkExpired", "SignInLinkUsed"]


class SignInLinkUsed(Unauthenticated):
    """The link has signed somebody in already."""

    code = "sign_in_link_used"


class SignInLinkExpired(Unauthenticated):
    """The link is too old, or never was one."""

    code = "sign_in_link_expired"

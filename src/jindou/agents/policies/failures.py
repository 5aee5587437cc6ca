"""What can go wrong with an organisation's own rules."""

from jindou.errors import Conflict, Invalid

__all__ = ["PolicyMoved", "PolicyRefused"]


class PolicyRefused(Invalid):
    """Rules that do not parse, do not fit, fail their tests or would lock the organisation out."""

    code = "policy_refused"


class PolicyMoved(Conflict):
    """Another version is in force than the person knew of."""

    code = "policy_moved"

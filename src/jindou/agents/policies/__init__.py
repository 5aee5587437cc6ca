"""An organisation's own rules: files with tests, versioned, tried on last week's decisions and put in force."""

from jindou.agents.policies.checking import Checker
from jindou.agents.policies.recording import Recorder
from jindou.agents.policies.service import Policies
from jindou.agents.policies.types import (
    PolicyActivation,
    PolicyCheck,
    PolicyDetail,
    PolicyDiff,
    PolicyFiles,
    PolicyProposal,
    PolicyShadow,
    PolicyState,
    PolicyVersion,
)

__all__ = [
    "Checker",
    "Policies",
    "PolicyActivation",
    "PolicyCheck",
    "PolicyDetail",
    "PolicyDiff",
    "PolicyFiles",
    "PolicyProposal",
    "PolicyShadow",
    "PolicyState",
    "PolicyVersion",
    "Recorder",
]

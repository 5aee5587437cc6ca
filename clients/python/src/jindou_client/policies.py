"""Policies: an organisation's own rules, their versions, and which of them is in force."""

from collections.abc import Mapping

from jindou_client.policy_types import (
    PolicyCheck,
    PolicyDetail,
    PolicyDiff,
    PolicyShadow,
    PolicyState,
    PolicyVersion,
)
from jindou_client.transport import Transport

__all__ = ["Policies"]

_PATH = "/api/policies"


class Policies:
    """The rules that an organisation has beside the platform's."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> PolicyState:
        """Return the versions, the newest first, and which is in force."""
        return self._transport.get(PolicyState, _PATH)

    def get(self, number: int) -> PolicyDetail:
        """Return a version with its files.

        Raises:
            NotFound: there is none.
        """
        return self._transport.get(PolicyDetail, f"{_PATH}/{number}")

    def check(self, files: Mapping[str, str]) -> PolicyCheck:
        """Say what is wrong with files, texts by name, and what they would change; nothing is kept."""
        return self._transport.post(PolicyCheck, f"{_PATH}/check", {"files": dict(files)})

    def push(self, files: Mapping[str, str], note: str = "") -> PolicyVersion:
        """Keep files as the next version; nothing is decided by them yet.

        Raises:
            Forbidden: only administrators do.
            Invalid: something is wrong with them.
            Conflict: nothing differs from the newest version.
        """
        return self._transport.post(PolicyVersion, _PATH, {"files": dict(files), "note": note})

    def diff(self, number: int, against: int | None = None) -> PolicyDiff:
        """Return what differs between a version and another one, or what is in force."""
        return self._transport.get(PolicyDiff, f"{_PATH}/{number}/diff", {"against": against})

    def shadow(self, number: int) -> PolicyShadow:
        """Return what a version would have changed in the last seven days."""
        return self._transport.get(PolicyShadow, f"{_PATH}/{number}/shadow")

    def activate(self, number: int, *, over: int | None = None) -> PolicyState:
        """Put a version in force; `over` is the one that is in force as far as you know.

        Raises:
            Forbidden: only administrators do, and nobody what they proposed and lets them do more.
            Invalid: something is wrong with it.
            Conflict: another version was put in force meanwhile.
        """
        return self._transport.post(PolicyState, f"{_PATH}/{number}/activation", {"over": over})

    def roll_back(self, *, over: int | None = None) -> PolicyState:
        """Put in force again what was so before.

        Raises:
            Forbidden, Invalid, Conflict: as `activate` says.
        """
        return self._transport.post(PolicyState, f"{_PATH}/rollback", {"over": over})

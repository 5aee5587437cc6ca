"""Decisions: what would be allowed, and why. Nothing is done."""

from collections.abc import Mapping

from jindou_client.decision_types import Answer, PersonRights, Source
from jindou_client.transport import Transport

__all__ = ["Decisions"]


class Decisions:
    """What the rules say of calls that nobody has made."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def explain(
        self,
        assistant: str,
        tool: str,
        arguments: Mapping[str, object] | None = None,
        *,
        principal: str | None = None,
        provenance: Mapping[str, Source] | None = None,
        task: str = "",
    ) -> Answer:
        """Return what would be decided about a call, one's own or that of `principal`.

        Raises:
            Forbidden: only managers ask for others.
            NotFound: there is no such person, assistant or tool.
        """
        proposal = {"principal": principal, "assistant": assistant, "tool": tool, "task": task}
        given = {"arguments": dict(arguments or {}), "provenance": dict(provenance or {})}
        return self._transport.post(Answer, "/api/decisions", {**proposal, **given})

    def rights(self, person: str, assistant: str | None = None) -> PersonRights:
        """Return what a person may do with each tool of an assistant, or of every one.

        Raises:
            Forbidden: only managers ask for others.
            NotFound: there is no such person or assistant.
        """
        return self._transport.get(PersonRights, f"/api/people/{person}/rights", {"assistant": assistant})

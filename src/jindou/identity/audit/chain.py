"""Checking a chain: pure, over events in the order of their numbers."""

from collections.abc import Iterable

from jindou.identity.audit.types import GENESIS, AuditEvent, Finding, Verification

__all__ = ["Head", "verify_chain"]

Head = tuple[int, str]
"""The number and the hash of the last event that somebody vouched for."""

_MOST_FINDINGS = 100


def verify_chain(events: Iterable[AuditEvent], heads: Iterable[Head], end: Head | None = None) -> Verification:
    """Check every link, that each of `heads` is on the chain, and that it ends at `end`.

    Findings name the events, at most 100 of them; a run of missing ones is one finding, at the first.
    """
    checking = _Checking([*heads, *([end] if end else [])], end)
    count = 0
    for event in events:
        count += 1
        checking.take(event)
    checking.finish()
    findings = checking.findings[:_MOST_FINDINGS]
    return Verification(ok=not findings, events=count, head=checking.last_hash, findings=findings)


class _Checking:
    """A chain as far as it has been read."""

    def __init__(self, heads: Iterable[Head], end: Head | None) -> None:
        self.findings: list[Finding] = []
        self.last_hash: str = GENESIS
        self._last_seq: int = 0
        self._end = end
        self._wanted: dict[int, set[str]] = {}
        for seq, digest in heads:
            self._wanted.setdefault(seq, set()).add(digest)

    def take(self, event: AuditEvent) -> None:
        """Check the next event."""
        if event.seq <= self._last_seq:
            self._find(event.seq, "inserted", "its number was not free")
            return
        if self._end is not None and event.seq > self._end[0]:
            self._find(event.seq, "inserted", "the chain ends before it")
            return
        self._missing(event.seq - 1, "missing from the chain")
        if event.hash != event.expected_hash():
            self._find(event.seq, "changed", "its content does not match its hash")
        elif self._wanted.get(event.seq, {event.hash}) != {event.hash}:
            self._find(event.seq, "changed", "its hash is not the one that was published")
        elif event.seq == self._last_seq + 1 and event.previous != self.last_hash:
            self._find(max(1, self._last_seq), "changed", "the event after it follows from another one")
        self._last_seq, self.last_hash = event.seq, event.hash

    def finish(self) -> None:
        """Check that what was vouched for has been seen."""
        self._missing(max(self._wanted, default=0), "vouched for, but not there")

    def _missing(self, until: int, why: str) -> None:
        first = self._last_seq + 1
        if until < first:
            return
        if until == first:
            self._find(first, "removed", f"it is {why}")
        else:
            told = f"Events {first} to {until} were removed: they are {why}."
            self.findings.append(Finding(seq=first, kind="removed", message=told))

    def _find(self, seq: int, kind: str, why: str) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(seq=seq, kind=kind, message=f"Event {seq} was {kind}: {why}."))

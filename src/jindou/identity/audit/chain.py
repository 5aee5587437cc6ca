"""Checking a chain: pure, over events in the order of their numbers."""

from collections.abc import Iterable, Iterator

from jindou.identity.audit.types import GENESIS, AuditEvent, Finding, Verification

__all__ = ["Head", "verify_chain"]

Head = tuple[int, str]
"""The number and the hash of the last event that somebody vouched for."""


def verify_chain(events: Iterable[AuditEvent], heads: Iterable[Head]) -> Verification:
    """Check every link, and that each of `heads` is on the chain. Findings name the event."""
    wanted: dict[int, list[str]] = {}
    for seq, digest in heads:
        wanted.setdefault(seq, []).append(digest)
    findings: list[Finding] = []
    last: AuditEvent | None = None
    count = 0
    for event in events:
        count += 1
        findings.extend(_check_link(last, event))
        if any(digest != event.hash for digest in wanted.pop(event.seq, [])):
            findings.append(_finding(event.seq, "changed", "its hash is not the one that was published"))
        last = event
    findings.extend(
        _finding(seq, "removed", "a published head names it, but it is not there") for seq in sorted(wanted) if seq
    )
    return Verification(ok=not findings, events=count, head=last.hash if last else GENESIS, findings=findings)


def _check_link(last: AuditEvent | None, event: AuditEvent) -> Iterator[Finding]:
    due = last.seq + 1 if last else 1
    if event.seq < due:
        yield _finding(event.seq, "inserted", "its number was not free")
    for missing in range(due, event.seq):
        yield _finding(missing, "removed", "its number is missing")
    if event.hash != event.expected_hash():
        yield _finding(event.seq, "changed", "its content does not match its hash")
    elif event.seq == due and event.previous != (last.hash if last else GENESIS):
        yield _finding(event.seq, "inserted", "it does not follow from the event before it")


def _finding(seq: int, kind: str, why: str) -> Finding:
    return Finding(seq=seq, kind=kind, message=f"Event {seq} was {kind}: {why}.")

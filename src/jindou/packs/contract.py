"""What a pack gives the platform. Our own packs and other people's come in by this door alone.

A pack is found by the entry point group ``jindou.packs``; the entry point names a `Pack`. Its folder holds

- ``policy.cedar``: who may do what with the pack's tools. The action of a tool is ``Action::"<pack>::<tool>"``;
- ``assistants/<folder>/assistant.yaml`` and ``instructions.md``: one assistant a folder; its slug is in the file;
- ``assistants/<folder>/evaluation.yaml``: requests in plain language with the calls they should lead to;
- ``assistants/<folder>/abstain.yaml``: requests that need no tool.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jindou.agents.tools import Localized, Tool

__all__ = ["DemoPerson", "OpenPack", "Pack"]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo company. `handle` is what ``--as`` takes."""

    handle: str
    name: str
    title: Localized
    roles: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class OpenPack:
    """A pack at work on its own data.

    `reset` makes the demo data anew, the same every time; `describe` gives one line for ``jindou status``.
    """

    tools: Sequence[Tool]
    reset: Callable[[], None]
    close: Callable[[], None]
    describe: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Pack:
    """A line of business: data, tools, rules and assistants.

    `open(folder, today)` opens the pack's data in `folder` (its own to fill), making the demo data when there is
    none; `today` dates the demo data. `actions` are further things the policy may allow, beside calling tools.
    """

    name: str
    title: Localized
    folder: Path
    people: Sequence[DemoPerson]
    open: Callable[[Path, datetime], OpenPack]
    actions: Sequence[str] = ()

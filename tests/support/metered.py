"""A process that makes one completion through the gateway, and may kill itself by SIGKILL right before a commit."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from jindou.identity.keys import KeyAsk
from jindou.models.completions import Asked, ChatRequest, Event, Presence
from support.commits import before_commits
from support.platform import MODEL, as_person, open_platform

ASKED = "asked"


def main(home: Path, kill_at: int) -> None:
    """Ask once; the N-th commit from then on is never reached."""

    def script(_messages: Sequence[dict[str, object]]) -> str:
        (home / ASKED).touch()
        return "Good morning to you."

    with open_platform(home, script) as platform:
        clerk = as_person(platform, "clerk")
        with platform.database.writing(clerk.org_id) as work:
            secret = platform.keys.create(work, clerk, KeyAsk(name="killed")).secret
        with platform.database.reading(None) as work:
            holder = platform.keys.holder(work, secret)
        platform.gateway.start()
        if kill_at:
            _arm(kill_at)
        request = ChatRequest.of({"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]})
        asked = Asked.of_chat(request, size=100)
        asyncio.run(platform.gateway.completions.make(holder, asked, _ignore, Presence()))
        platform.gateway.stop(1.0)


async def _ignore(_event: Event) -> None:
    """Nobody listens."""


def _arm(kill_at: int) -> None:
    left = kill_at

    def before_commit(_engine: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    before_commits(before_commit)

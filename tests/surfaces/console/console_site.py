"""The real application on a real port, with a scripted engine that a test can hold and let go."""

import socket
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from jindou.assembly import Platform, assemble
from jindou.home import Home
from jindou.models.serving import HeldModels
from jindou.settings import load_settings
from jindou.surfaces.app import create_app
from support.platform import BUSY_SECONDS, MODEL
from support.scripted import Script, ScriptedEngine, call

__all__ = ["TINY", "Gate", "Site", "open_site", "shop_script"]

TINY = "tiny"
"""A model that tests fetch from a hub of their own."""


MARKDOWN = """Here is **the order**.

| Item | Price |
|---|---|
| Aurora desk lamp | 189.00 |

<img src="x" onerror="document.title='broken in'"><script>document.title='broken in'</script>
See [a trap](javascript:document.title='broken-in') and [the shop](https://example.com/)"""

_CHANGES = {
    "Move": call("change_address", order_id="SO-10962", address="SO-10962"),
    "Refund 120": call("refund_order", order_id="SO-10234", amount=120.0, reason="a crack"),
    "Refund": call("refund_order", order_id="SO-10007", amount=1.5, reason="broken lamp"),
}


def shop_script(messages: Sequence[dict[str, object]]) -> str:
    """Refund what is asked to be refunded, look at an order that is asked for, and say so."""
    requests = [(at, str(said["content"])) for at, said in enumerate(messages) if said["role"] == "user"]
    at, asked = next((pair for pair in reversed(requests) if pair[1].startswith(("Show", "Refund", "Move"))), (0, ""))
    if asked and any(said["role"] == "tool" for said in messages[at:]):
        return MARKDOWN if "Show" in asked else "Done: refunded."
    if "Show" in asked:
        return call("get_order", order_id="SO-10120")
    wanted = next((text for words, text in _CHANGES.items() if words in asked), None)
    if wanted is not None:
        return wanted
    if "JSON" in str(messages[-1]["content"]):
        return '{"ok": true}'
    return "Hello, what should be done?"


class Gate:
    """Holds the model before each of its words, once it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    def shut(self) -> None:
        """Let the model say nothing more."""
        self._open.clear()

    def release(self) -> None:
        """Let the model go on."""
        self._open.set()

    def holding(self, script: Script) -> Script:
        """Return `script`, which now waits at this gate."""

        def held(messages: Sequence[dict[str, object]]) -> str:
            self._open.wait(600)
            return script(messages)

        return held


class Site:
    """A running console and the platform behind it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.url = platform.settings.url
        self.gate = Gate()

    def link(self, handle: str) -> str:
        """Return a one-time sign-in link for a demo person."""
        with self.platform.database.writing(None) as work:
            person = self.platform.principals.find(work, handle)
            token = self.platform.sessions.create_link(work, self.platform.principals.organisation(work), person.id)
        return f"{self.url}/sign-in?token={token}"


@contextmanager
def open_site(folder: Path, script: Script) -> Generator[Site]:
    """Serve a platform in `folder` until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        home = Home(folder)
        home.prepare()
        home.lock()
        gate = Gate()
        engine = ScriptedEngine(gate.holding(script))
        models = HeldModels({MODEL: engine, TINY: ScriptedEngine(script)})
        platform = assemble(load_settings(home=folder, port=port), home, models, MODEL)
        platform.approvals.afresh.seconds = platform.approvals.editing.seconds = BUSY_SECONDS
        platform.start()
        server = uvicorn.Server(uvicorn.Config(create_app(platform), log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="console-site")
        thread.start()
        try:
            site = Site(platform)
            site.gate = gate
            yield site
        finally:
            gate.release()
            server.should_exit = True
            thread.join(timeout=60)
            platform.stop()
            home.unlock()

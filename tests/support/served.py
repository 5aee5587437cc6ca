"""The real application on a real port, with a scripted engine, announced in its home as `jindou up` announces it."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from jindou.assembly import Platform, assemble
from jindou.home import Home
from jindou.models.engines import Engine
from jindou.models.serving import HeldModels
from jindou.settings import load_settings
from jindou.surfaces.cli.server import config_of
from support.platform import BUSY_SECONDS, MODEL
from support.scripted import Script, ScriptedEngine

__all__ = ["serve"]


@contextmanager
def serve(
    folder: Path, script: Script, port: int = 0, engine: Engine | None = None, **more: object
) -> Generator[Platform]:
    """Serve a platform whose home is `folder` until the block ends; `port` 0 takes any that is free.

    `engine` takes the place of one that says what `script` tells it to; `more` are settings.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        settings = load_settings(home=folder, port=listener.getsockname()[1], **more)
        home = Home(folder)
        home.prepare()
        home.lock()
        platform = assemble(settings, home, HeldModels({MODEL: engine or ScriptedEngine(script)}), MODEL)
        platform.approvals.afresh.seconds = platform.approvals.editing.seconds = BUSY_SECONDS
        platform.start()
        config = config_of(platform)
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="served")
        thread.start()
        home.announce(settings.url)
        try:
            yield platform
        finally:
            server.should_exit = True
            thread.join(timeout=60)
            platform.stop()
            home.unlock()

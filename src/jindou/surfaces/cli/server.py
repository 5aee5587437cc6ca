"""`jindou up`, `down` and `status`."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Any, NoReturn

import httpx
import psutil
import typer
import uvicorn
from typing_extensions import override

from jindou.assembly import Platform, assemble
from jindou.errors import Conflict, Unavailable
from jindou.home import Home
from jindou.models.serving import local_models
from jindou.settings import Settings, load_settings
from jindou.surfaces.app import create_app
from jindou.surfaces.cli.connection import NotRunning
from jindou.surfaces.cli.embedding_weights import prepare_embeddings
from jindou.surfaces.cli.models import local_model
from jindou.surfaces.cli.options import AsJson
from jindou.surfaces.cli.options import Home as HomeOption
from jindou.surfaces.cli.ready import tell_ready
from jindou.surfaces.cli.show import counted
from jindou.surfaces.punctual import PunctualProtocol
from jindou.telemetry import configure_logging

__all__ = ["ask_status", "config_of", "down", "status", "up"]

_DOWN_SECONDS = 20.0
_KILLED = 130


class PortTaken(Conflict):
    """Another program listens on the port."""

    code = "port_taken"


def up(
    *,
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option(help="Port of console and API.  [default: 8787]")] = None,
    model: Annotated[str | None, typer.Option(help="Catalogue name of the model.  [default: by memory]")] = None,
    without_worker: Annotated[
        bool, typer.Option("--without-worker", help="Leave the runs to `jindou worker`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start Jindou here, and stay until Ctrl-C."""
    settings = load_settings(home=home, port=port, model=model, run_workers=0 if without_worker else None)
    place = Home(settings.home)
    place.prepare()
    place.lock()
    try:
        configure_logging(place.server_log, settings.log_level)
        with _listen(settings) as listener:
            serve(settings, place, listener, as_json=as_json)
    finally:
        place.unlock()


def serve(settings: Settings, place: Home, listener: socket.socket, *, as_json: bool) -> None:
    """Fetch what is missing, put the platform together, and serve it until a signal comes."""
    entry, _ = local_model(settings, place)
    name = entry.name
    prepare_embeddings(settings, place)
    platform = assemble(settings, place, local_models(settings, place, name), name)
    _say(f"Starting {name} …", quiet=as_json)
    # The server tells the signal again once it has shut down; `down` should end us in order, like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        platform.start()
        server = _Server(platform, lambda: tell_ready(platform, as_json=as_json))
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        # The server has shut down by itself; the signal is told again for whoever started it.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop_at_once)
    finally:
        platform.stop()
    typer.echo("Stopped.", err=True)


def _stop_at_once(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End as a crash would, which harms nothing: runs go on at the next start, and the engines end with us."""
    os._exit(_KILLED)


def config_of(platform: Platform) -> uvicorn.Config:
    """Return how a platform is served. Who says for whom they ask is believed where a proxy stands in front alone."""
    return uvicorn.Config(
        create_app(platform),
        http=PunctualProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
        lifespan="off",
        server_header=False,
        proxy_headers=bool(platform.settings.public_url),
    )


class _Server(uvicorn.Server):
    """Says when it answers and that it stops, and ends the event streams before. A second signal ends it at once."""

    def __init__(self, platform: Platform, on_ready: Callable[[], None]) -> None:
        super().__init__(config_of(platform))
        self._platform = platform
        self._on_ready = on_ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            _stop_at_once(sig, frame)
        super().handle_exit(sig, frame)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        under_way = self._platform.runs_under_way()
        told = f"Stopping; {counted(under_way)} under way will be taken up again." if under_way else "Stopping."
        typer.echo(f"{told} Press Ctrl-C again to stop at once.", err=True)
        self._platform.runs.stream.close()
        await super().shutdown(sockets)


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is done.

    Raises:
        PortTaken: another program has it.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        told = f"Port {settings.port} can't be used ({error.strerror}). Choose another: `jindou up --port 8788`."
        raise PortTaken(told) from None
    return listener


def down(*, home: HomeOption = None, as_json: AsJson = False) -> None:
    """Stop the Jindou that runs here."""
    place = Home(load_settings(home=home).home)
    pid = place.holder()
    if pid is None:
        _tell({"running": False, "stopped": False}, "Jindou is not running here.", as_json=as_json)
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _DOWN_SECONDS
    while place.is_locked():
        if time.monotonic() > deadline:
            raise Unavailable(f"Jindou (pid {pid}) has not stopped in {_DOWN_SECONDS:.0f} s.")
        time.sleep(0.1)
    _tell({"running": False, "stopped": True}, "Jindou has stopped.", as_json=as_json)


def status(*, home: HomeOption = None, as_json: AsJson = False) -> None:
    """Show whether Jindou runs here, and with what."""
    settings = load_settings(home=home)
    place = Home(settings.home)
    server = place.server() if place.is_locked() else None
    if server is None:
        told = NotRunning(place).message
        _tell({"running": False, "starting": place.is_locked(), "home": str(place.path)}, told, as_json=as_json)
        raise typer.Exit(3)
    answer = ask_status(server)
    memory = psutil.Process(int(server["pid"])).memory_info().rss
    engine = answer["engine"]
    lines = [
        f"Jindou {answer['version']} runs at {server['url']} (pid {server['pid']}, {memory >> 20} MB)",
        f"  home    {place.path}",
        f"  model   {engine['model']} · {engine['state']} · {(engine['rss_bytes'] or 0) >> 20} MB",
        f"  runs    {answer['runs_waiting']} under way",
        *(f"  {name:<7} {described}" for name, described in answer["packs"].items()),
    ]
    content = {"running": True, "home": str(place.path), **server, "rss_bytes": memory, **answer}
    _tell(content, "\n".join(lines), as_json=as_json)


def ask_status(server: dict[str, Any]) -> dict[str, Any]:
    """Return what a running server says of itself.

    Raises:
        Unavailable: it does not answer.
    """
    try:
        answer = httpx.get(f"{server['url']}/api/status", timeout=5.0, trust_env=False)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError):
        raise Unavailable(f"Jindou at {server['url']} (pid {server['pid']}) does not answer.") from None
    return content


def _tell(content: dict[str, Any], told: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False) if as_json else told)


def _say(told: str, *, quiet: bool) -> None:
    typer.echo(told, err=True) if not quiet else None

"""`jindou gateway`: more workers for `/v1`, on the same database and the same engines as `jindou up`."""

import gc
import json
import os
import socket
import sys
from contextlib import closing
from typing import Annotated, Final

import typer

from jindou.assembly_gateway import open_gateway
from jindou.errors import Conflict
from jindou.home import Home
from jindou.settings import Settings, load_settings
from jindou.surfaces.cli.gateway_crew import Crew
from jindou.surfaces.cli.gateway_figures import figures_at
from jindou.surfaces.cli.options import AsJson
from jindou.surfaces.cli.options import Home as HomeOption
from jindou.surfaces.http.v1.alone import Alone
from jindou.surfaces.http.v1.large import limits_of
from jindou.surfaces.http.wire import Server
from jindou.telemetry import configure_logging

__all__ = ["gateway"]

_PORT: Final = 8788
_CLOSING_SECONDS: Final = 20.0
"""What a worker may take to write down what is left, once it has answered its last request."""

_COLLECT_AFTER: Final = 20_000


class PortTaken(Conflict):
    """Another program listens on the port."""

    code = "port_taken"


def gateway(
    *,
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port of the workers.")] = _PORT,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; one uses one core.")] = 1,
    metrics_port: Annotated[
        int, typer.Option(min=0, max=65535 - 64, help="Port of the first worker's /metrics; 0 is none.")
    ] = 0,
    fd: Annotated[int, typer.Option(hidden=True, help="A socket that already listens.")] = -1,
    as_json: AsJson = False,
) -> None:
    """Serve /v1 alone, beside `jindou up`, until Ctrl-C."""
    settings = load_settings(home=home, port=port)
    place = Home(settings.home)
    if fd >= 0:
        _work(settings, place, socket.socket(fileno=fd), metrics_port)
        return
    with closing(_listen(settings)) as listener:
        url = f"{settings.url}/v1"
        told = json.dumps({"url": url, "workers": workers, "pid": os.getpid()}) if as_json else f"Gateway at {url}"
        if workers == 1:
            _work(settings, place, listener, metrics_port, told)
            return
        typer.echo(told)
        _crew(settings, listener, workers, metrics_port).run()


def _work(settings: Settings, place: Home, listener: socket.socket, metrics_port: int, told: str = "") -> None:
    """Be one worker, until a signal comes."""
    configure_logging(place.path / "logs" / "gateway.log", settings.log_level)
    with (
        open_gateway(settings, place) as rooms,
        figures_at(settings.host, metrics_port, rooms, place.operator_key()),
    ):
        server = Server(Alone(rooms, settings.port, settings.public_url), limits_of(settings))
        server.run(listener, lambda: _up(told))


def _up(told: str) -> None:
    """Say that the worker answers.

    What it has in memory by now stays, so no collection has to walk it again; what requests make has few cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)
    if told:
        typer.echo(told)


def _crew(settings: Settings, listener: socket.socket, size: int, metrics_port: int) -> Crew:
    number = listener.fileno()
    command = [sys.executable, "-m", "jindou", "gateway", "--home", str(settings.home)]
    command += ["--port", str(settings.port), "--fd", str(number)]

    def of(at: int) -> list[str]:
        return [*command, "--metrics-port", str(metrics_port + at)] if metrics_port else command

    return Crew(of, size, number, limits_of(settings).grace_seconds + _CLOSING_SECONDS)


def _listen(settings: Settings) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        told = f"Port {settings.port} can't be used ({error.strerror}). Choose another: `jindou gateway --port 8789`."
        raise PortTaken(told) from None
    return listener

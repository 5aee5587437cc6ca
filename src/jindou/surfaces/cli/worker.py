"""`jindou worker`: moves runs on, beside `jindou up`, on the same PostgreSQL database; as many as one likes."""

import json
import os
import signal
import threading
from typing import Annotated

import typer

from jindou.assembly_runs import assemble_worker
from jindou.home import Home
from jindou.settings import load_settings
from jindou.surfaces.cli.options import AsJson
from jindou.surfaces.cli.options import Home as HomeOption
from jindou.surfaces.cli.show import counted
from jindou.telemetry import configure_logging

__all__ = ["worker"]

_KILLED = 130


def worker(
    *,
    home: HomeOption = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=64, help="Runs that go on at once.  [default: run_workers]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move runs on, beside `jindou up`, until Ctrl-C."""
    settings = load_settings(home=home, run_workers=threads)
    place = Home(settings.home)
    place.prepare()
    configure_logging(place.path / "logs" / "worker.log", settings.log_level)
    told_to_stop = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        if told_to_stop.is_set():
            # Whoever says it twice wants no more of it; what was under way is resumed by another worker.
            os._exit(_KILLED)
        told_to_stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    rooms = assemble_worker(settings, place)
    rooms.start()
    told = f"Worker {os.getpid()} takes up to {settings.run_workers} runs at once."
    typer.echo(json.dumps({"pid": os.getpid(), "threads": settings.run_workers}) if as_json else told)
    told_to_stop.wait()
    under_way = rooms.runs_under_way()
    most = f"for {settings.drain_seconds:g} s at most; press Ctrl-C again to stop at once."
    typer.echo(f"Finishing {counted(under_way)}, {most}" if under_way else "Stopping; no run is under way.", err=True)
    left = rooms.stop(settings.drain_seconds)
    typer.echo(f"Stopped; {counted(left)} handed over to other workers." if left else "Stopped.", err=True)

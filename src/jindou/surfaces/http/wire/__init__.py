"""HTTP/1.1 for doors that count microseconds: a request comes whole, its answer goes out as it is made."""

from jindou.surfaces.http.wire.exchange import Application, Exchange, Waits
from jindou.surfaces.http.wire.limits import Limits, Room
from jindou.surfaces.http.wire.server import Server

__all__ = ["Application", "Exchange", "Limits", "Room", "Server", "Waits"]

"""`/metrics` of one gateway worker: on a port of its own, since its workers share the other one."""

import secrets
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from typing_extensions import override

from jindou.assembly_gateway import Gateway
from jindou.errors import Conflict
from jindou.surfaces.figures import TEXT, process_families

__all__ = ["figures_at"]

_SLOW_SECONDS: Final = 10.0


class FiguresPortTaken(Conflict):
    """Another program listens on the port of a worker's figures."""

    code = "port_taken"


@contextmanager
def figures_at(host: str, port: int, gateway: Gateway, operator_key: str) -> Generator[None]:
    """Answer `/metrics` to whoever shows the operator's key, until the block ends; port 0 answers nobody.

    Raises:
        FiguresPortTaken: another program listens there.
    """
    if not port:
        yield
        return

    def text() -> bytes:
        return gateway.metrics.text(process_families()).encode()

    try:
        server = ThreadingHTTPServer((host, port), _answers(text, f"Bearer {operator_key}".encode()))
    except OSError as error:
        told = f"Port {port} can't be used for figures ({error.strerror}). Choose another with --metrics-port."
        raise FiguresPortTaken(told) from None
    thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _answers(text: Callable[[], bytes], allowed: bytes) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        timeout = _SLOW_SECONDS

        def do_GET(self) -> None:
            shown = self.headers.get("authorization", "").encode()
            if self.path != "/metrics":
                self._send(HTTPStatus.NOT_FOUND, b"Here is /metrics alone.\n")
            elif not secrets.compare_digest(shown, allowed):
                self._send(HTTPStatus.FORBIDDEN, b"Show the operator's key: `Authorization: Bearer ...`.\n")
            else:
                self._send(HTTPStatus.OK, text())

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: it comes every few seconds."""

        @override
        def version_string(self) -> str:
            return "jindou"

        def _send(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", TEXT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Answers

"""A system outside that never comes to an end."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

__all__ = ["one_that_dawdles"]


@contextmanager
def one_that_dawdles(first: bytes) -> Generator[int]:
    """Answer `first`, then one letter after the other until whoever asks hangs up; yield the port."""

    def dawdle(listener: socket.socket) -> None:
        asked, _ = listener.accept()
        with asked, suppress(OSError):
            asked.settimeout(0.01)
            asked.sendall(first)
            while True:
                asked.sendall(b"H")
                with suppress(TimeoutError):
                    if not asked.recv(4096):
                        return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=dawdle, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()

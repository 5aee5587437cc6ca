"""Connections to other systems: a name is resolved once, every address looked at, and the connection made to one."""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

from jindou.errors import Unavailable

__all__ = ["AddressRefused", "connect", "hung_up"]

_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        (
            # What has an IPv4 address in it, which could be any: NAT64, the machine's own, translated, relayed.
            *("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "192.88.99.0/24"),
            # What belongs to a network's own protocols, to a site, or to a cloud, though it looks like any address.
            *("192.0.0.0/24", "fec0::/10", "3fff::/20", "5f00::/16", "168.63.129.16/32"),
        ),
    )
)


_MOST_LOOKUPS: Final = 16
_lookups = threading.BoundedSemaphore(_MOST_LOOKUPS)


class AddressRefused(Unavailable):
    """An address is none that may be reached."""

    code = "address_refused"


def connect(host: str, port: int, *, is_tls: bool, private: bool, seconds: float) -> http.client.HTTPConnection:
    """Return a connection to one of a host's addresses, within `seconds` for the name, the connection and TLS in all.

    Each wait on it later is bound by `seconds`, too. `private` lets it be on this machine or in a private network.

    Raises:
        AddressRefused: it has one that may not be reached.
        OSError: nobody answers there in time, the name is none, or the certificate is not the host's.
    """
    ends = time.monotonic() + seconds
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    address = _address(host, port, private=private, seconds=seconds)
    reached = socket.create_connection((address, port), _left(ends))
    connection.sock = reached
    reached.settimeout(seconds)
    if is_tls:
        try:
            _wrap(connection, reached, host, _left(ends))
        except OSError:
            connection.close()
            raise
    return connection


def _left(ends: float) -> float:
    """Return the seconds that are left.

    Raises:
        OSError: none are.
    """
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


@contextmanager
def hung_up(reached: socket.socket, seconds: float) -> Generator[None]:
    """Hang up after `seconds` of the block, on one who sends a little at a time, too.

    Raises:
        TimeoutError: that was necessary, whatever the block has made of what had come by then.
    """
    over = threading.Event()

    def hang_up() -> None:
        over.set()
        with suppress(OSError):
            reached.shutdown(socket.SHUT_RDWR)

    alarm = threading.Timer(seconds, hang_up)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    except (OSError, ValueError, http.client.HTTPException):
        if not over.is_set():
            raise
    finally:
        alarm.cancel()
    if over.is_set():
        raise TimeoutError("timed out")


def _wrap(connection: http.client.HTTPConnection, reached: socket.socket, host: str, seconds: float) -> None:
    context = ssl.create_default_context()
    wrapped = context.wrap_socket(reached, server_hostname=host, do_handshake_on_connect=False)
    connection.sock = wrapped
    with hung_up(wrapped, seconds):
        wrapped.do_handshake()


def _address(host: str, port: int, *, private: bool, seconds: float) -> str:
    """Return the address to connect to, after a look at every one that the name has."""
    found = _look_up(host, port, seconds)
    if not private and not all(map(_is_public, found)):
        raise AddressRefused(f"{host} is on this machine or in a private network.")
    return min(found)


def _look_up(host: str, port: int, seconds: float) -> set[str]:
    """Return the addresses of a name.

    Nobody can end a lookup, and a resolver may take a minute over one. So each has a thread of its own, and no more
    than a few are under way: names that hang use up none of those who ask.

    Raises:
        OSError: there is no such name, nobody says in time, or there is no thread left to ask in.
    """
    found: list[set[str] | OSError] = []

    def look_up() -> None:
        try:
            found.append({str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
        except UnicodeError:
            found.append(OSError("It is no name of a host"))
        except OSError as error:
            found.append(error)
        finally:
            _lookups.release()

    ends = time.monotonic() + seconds
    if _lookups.acquire(timeout=seconds):
        thread = threading.Thread(target=look_up, name="lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            _lookups.release()
            raise OSError("no thread can be started to look it up") from error
        thread.join(max(0.0, ends - time.monotonic()))
    if not found:
        raise TimeoutError("nobody says in time where that is")
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not any(address in closed for closed in _CLOSED)

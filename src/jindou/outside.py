"""Connections to other systems: a name is resolved once, every address looked at, and the connection made to one."""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

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


class AddressRefused(Unavailable):
    """An address is none that may be reached."""

    code = "address_refused"


def connect(host: str, port: int, *, is_tls: bool, private: bool, seconds: float) -> http.client.HTTPConnection:
    """Return a connection to one of a host's addresses; `seconds` bound each wait on it, and the handshake.

    `private` lets it be on this machine or in a private network.

    Raises:
        AddressRefused: it has one that may not be reached.
        OSError: nobody answers there, the name is none, or the certificate is not the host's.
    """
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    reached = socket.create_connection((_address(host, port, private=private), port), seconds)
    connection.sock = reached
    if is_tls:
        try:
            _wrap(connection, reached, host, seconds)
        except OSError:
            connection.close()
            raise
    return connection


@contextmanager
def hung_up(reached: socket.socket, seconds: float) -> Generator[None]:
    """Hang up after `seconds` of the block, on one who sends a little at a time, too."""
    alarm = threading.Timer(seconds, _hang_up, (reached,))
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _wrap(connection: http.client.HTTPConnection, reached: socket.socket, host: str, seconds: float) -> None:
    context = ssl.create_default_context()
    wrapped = context.wrap_socket(reached, server_hostname=host, do_handshake_on_connect=False)
    connection.sock = wrapped
    with hung_up(wrapped, seconds):
        wrapped.do_handshake()


def _hang_up(reached: socket.socket) -> None:
    with suppress(OSError):
        reached.shutdown(socket.SHUT_RDWR)


def _address(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to, after a look at every one that the name has."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except UnicodeError:
        raise OSError("It is no name of a host") from None
    if not private and not all(map(_is_public, found)):
        raise AddressRefused(f"{host} is on this machine or in a private network.")
    return min(found)


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not any(address in closed for closed in _CLOSED)

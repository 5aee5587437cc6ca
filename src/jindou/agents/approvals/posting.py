"""Posting outside: a name is resolved once, every address looked at, and the connection made to one of those."""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from jindou.errors import Invalid, Unavailable

__all__ = ["Destination", "NotDelivered", "post"]

_SECONDS = 5.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_OK = range(200, 300)


class NotDelivered(Unavailable):
    """The other side did not take it, or its address is none that may be reached."""

    code = "not_delivered"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to post. `private` lets it be on this machine or in a private network, and without TLS."""

    url: str
    private: bool

    def check(self) -> None:
        """Make sure, at start-up, that it can be one.

        Raises:
            Invalid: it is no HTTPS URL of a host, or carries a password.
        """
        parts = urlsplit(self.url)
        schemes = {"https", "http"} if self.private else {"https"}
        if parts.scheme not in schemes or not parts.hostname or parts.username is not None:
            raise Invalid(
                f"{self.url!r} is no address to post to.",
                field="approval_webhook_url",
                rule="an https:// URL of a host, without a password",
            )


def post(destination: Destination, body: bytes, headers: Mapping[str, str]) -> None:
    """Post `body`; redirects are not followed.

    Raises:
        NotDelivered: the address may not be reached, nobody answers in time, or the answer is not a 2xx.
    """
    parts = urlsplit(destination.url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        reached = socket.create_connection((_address(host, port, private=destination.private), port), _SECONDS)
        connection.sock = reached
        if is_tls:
            connection.sock = ssl.create_default_context().wrap_socket(reached, server_hostname=host)
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered(f"{host} can't be reached ({error}).") from None
    finally:
        connection.close()
    if status not in _OK:
        raise NotDelivered(f"{host} answered {status}.")


def _address(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to, after a look at every one that the name has."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not private and not all(map(_is_public, found)):
        raise NotDelivered(f"{host} is on this machine or in a private network.")
    return min(found)


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        # An IPv4 address inside could be any.
        if address.sixtofour is not None or address.teredo is not None or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast

"""Posting to another system."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from jindou.errors import Invalid, Unavailable
from jindou.outside import AddressRefused, connect, hung_up

__all__ = ["Destination", "NotDelivered", "post"]

_SECONDS = 5.0
_OK = range(200, 300)


class NotDelivered(Unavailable):
    """The other side did not take it, or its address is none that may be reached."""

    code = "not_delivered"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to post. `private` lets it be on this machine or in a private network, and without TLS."""

    url: str
    private: bool

    def check(self, field: str) -> None:
        """Make sure that it can be one; `field` is where it was written.

        Raises:
            Invalid: it is no HTTPS URL of a host, or carries a password.
        """
        try:
            parts = urlsplit(self.url)
            is_one = parts.hostname and parts.username is None and parts.port != 0
        except ValueError:
            parts, is_one = urlsplit(""), False
        schemes = {"https", "http"} if self.private else {"https"}
        if parts.scheme not in schemes or not is_one:
            raise Invalid(
                f"{self.url!r} is no address to post to: it must be an {' or '.join(sorted(schemes, reverse=True))} URL"
                " of a host, without a password.",
                field=field,
                rule="an https:// URL of a host, without a password",
            )


def post(destination: Destination, body: bytes, headers: Mapping[str, str], seconds: float = _SECONDS) -> None:
    """Post `body`; redirects are not followed. All of it gets `seconds`: others wait for their turn.

    Raises:
        NotDelivered: the address may not be reached, nobody answers in time, or the answer is not a 2xx.
    """
    parts = urlsplit(destination.url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    ends = time.monotonic() + seconds
    try:
        connection = connect(host, port, is_tls=is_tls, private=destination.private, seconds=seconds)
    except AddressRefused as error:
        raise NotDelivered(error.message) from None
    except OSError as error:
        raise NotDelivered(f"{host} can't be reached ({error}).") from None
    try:
        with hung_up(connection.sock, max(0.0, ends - time.monotonic())):
            connection.request("POST", path, body, dict(headers))
            status = connection.getresponse().status
    except OSError as error:
        raise NotDelivered(f"{host} can't be reached ({error}).") from None
    except http.client.HTTPException:
        raise NotDelivered(f"{host} answered with what is no HTTP.") from None
    finally:
        connection.close()
    if status not in _OK:
        raise NotDelivered(f"{host} answered {status}.")

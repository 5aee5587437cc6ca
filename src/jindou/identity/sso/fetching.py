"""Asking an identity provider: over TLS, for so long, so much, and nobody whom it sends us to."""

import base64
import http.client
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit

from jindou.identity.sso.failures import ProviderUnavailable
from jindou.outside import AddressRefused, connect, hung_up
from jindou.plain_json import is_plain

__all__ = ["Fetcher"]

_WAIT_SECONDS: Final = 5.0
_MOST_BYTES: Final = 512 * 1024
_OK: Final = 200
_MOST_URL: Final = 2000
_LETTERS: Final = re.compile(r"[\w\-.~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)


class Fetcher:
    """Gets and posts. `private` lets a provider be on this machine or in a private network.

    An answer gets `seconds` in all, and 512 KB. A redirect is an answer like any other: it is not followed.
    """

    def __init__(self, *, private: bool, seconds: float = 10.0) -> None:
        self._private = private
        self._seconds = seconds

    def check(self, url: str) -> None:
        """Make sure that an address may be asked: an HTTPS URL of a host; or HTTP on this machine, if it may be here.

        Raises:
            ProviderUnavailable: it may not.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ProviderUnavailable("The identity provider has an address that is no URL.") from None
        is_plain = parts.username is None and not parts.fragment and port != 0 and len(url) <= _MOST_URL
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and self._private and _is_here(parts.hostname))
        if not (is_plain and is_safe and parts.hostname and _LETTERS.fullmatch(url)):
            told = "begin with https:// and name a host; on this machine http:// will do with the setting `sso_private`"
            raise ProviderUnavailable(f"{url[:200]!r} is no address of an identity provider: it must {told}.")

    def get(self, url: str, bearer: str = "") -> dict[str, Any]:
        """Return the JSON object at an address.

        Raises:
            ProviderUnavailable: it does not answer 200 with one, in time.
        """
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        status, answer = self._ask("GET", url, b"", headers)
        if status != _OK:
            raise ProviderUnavailable(f"{_host(url)} answered {status}.")
        return answer

    def post(self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None) -> tuple[int, dict[str, Any]]:
        """Post a form, with the client's id and secret in the header if they are given; return status and answer.

        Raises:
            ProviderUnavailable: it does not answer with a JSON object, in time.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic:
            pair = ":".join(quote(part, safe="") for part in basic)
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return self._ask("POST", url, urlencode(form).encode(), headers)

    def _ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        self.check(url)
        parts = urlsplit(url)
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        try:
            connection = connect(host, port, is_tls=is_tls, private=self._private, seconds=_WAIT_SECONDS)
        except AddressRefused as error:
            raise ProviderUnavailable(f"{error.message} The setting `sso_private` lets it be there.") from None
        except OSError as error:
            raise ProviderUnavailable(f"{host} can't be reached ({type(error).__name__}).") from None
        plain = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Jindou"}
        try:
            with hung_up(connection.sock, self._seconds):
                connection.request(method, path, body or None, {**plain, **headers})
                answer = connection.getresponse()
                content = answer.read(_MOST_BYTES + 1)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ProviderUnavailable(f"{host} broke off ({type(error).__name__}).") from None
        finally:
            connection.close()
        return answer.status, _json(host, content)


def _json(host: str, content: bytes) -> dict[str, Any]:
    if len(content) > _MOST_BYTES:
        raise ProviderUnavailable(f"{host} answered with more than {_MOST_BYTES:,} bytes.")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise ProviderUnavailable(f"{host} did not answer with JSON.") from None
    if not isinstance(value, dict) or not is_plain(cast("object", value)):
        raise ProviderUnavailable(f"{host} did not answer with a JSON object of texts in UTF-8.")
    return cast("dict[str, Any]", value)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _is_here(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False

"""What a request must be before anything looks at it: for this host, from this site, and not too large."""

import json
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jindou.errors import Forbidden, Invalid, JindouError, TooLarge
from jindou.surfaces.openai_errors import is_v1
from jindou.surfaces.problems import problem_json, problem_of

__all__ = ["MAX_BYTES", "Guard", "Site"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BYTES = 1_000_000
"""What a body may have, but on `/v1`."""

_MAX_DIGITS = 20
_TO_PROGRAMS = ("/api/", "/scim/")
_KEEP_NOTHING = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Site:
    """Refuses what a browser was tricked into sending.

    A foreign `Host` is a rebound name (DNS rebinding); a foreign `Origin` on a request that changes something is
    another site's (cross-site request forgery). Neither is sent by curl or an SDK, which need no such guard.
    Besides this machine's own names, the one of `public_url` is ours, by which a proxy in front is known.
    """

    def __init__(self, port: int, public_url: str = "") -> None:
        self._public = public_url.lower()
        own = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        self._hosts = {*own, self._public.partition("://")[2]} - {""}

    def refusal(self, method: str, header: Callable[[str], str | None]) -> JindouError | None:
        """Return why a request is not for this site; `header` returns one by its name in lower case, if it is there."""
        host = (header("host") or "").lower()
        if host not in self._hosts:
            return Invalid("The Host header does not name this server.", field="Host", rule="a loopback address")
        if method not in _SAFE and not self._is_ours(host, header("sec-fetch-site"), header("origin")):
            return Forbidden("Another site may not send this.", rules=["jindou.same-origin"])
        return None

    def _is_ours(self, host: str, fetched_from: str | None, origin: str | None) -> bool:
        ours = {None, "", self._public or None}
        if host != self._public.partition("://")[2]:
            ours.add(f"http://{host}")
        return (fetched_from or "same-origin") in {"same-origin", "none"} and origin in ours


class Guard:
    """Refuses what is not for this `site`, and bodies over 1 MB; `/v1` does so itself, in words of its own."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a problem."""
        if scope["type"] != "http" or is_v1(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        problem = self._problem(scope["method"], headers)
        if problem is not None:
            await _answer(send, problem)
            return
        await self._bounded(scope, receive, send)

    def _problem(self, method: str, headers: Mapping[str, str]) -> JindouError | None:
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > _MAX_DIGITS:
            return Invalid("The Content-Length header is no number.", field="Content-Length", rule="a number")
        if int(length) > MAX_BYTES:
            return TooLarge(f"The body has {length} bytes; at most {MAX_BYTES} are taken.")
        return self._site.refusal(method, headers.get)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body as it comes: a chunked one does not say its length.

        Whoever reads a body that grows too large is told that the client is gone, and whatever they answer to that,
        the client gets ours instead.
        """
        seen = 0
        started = answered = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return message if seen <= MAX_BYTES else {"type": "http.disconnect"}

        async def watched(message: Message) -> None:
            nonlocal started, answered
            if seen > MAX_BYTES and not started:
                if not answered:
                    answered = True
                    await _answer(send, TooLarge(f"The body has more than {MAX_BYTES} bytes."))
                return
            if not started and scope["path"].startswith(_TO_PROGRAMS):
                message = _kept_by_nobody(message)
            started = True
            await send(message)

        await self._app(scope, counted, watched)


def _kept_by_nobody(start: Message) -> Message:
    """Return the start of an answer that whoever passes it on does not keep: keys, codes and tokens are in some."""
    headers = [*start.get("headers", ())]
    said = {name for name, _ in headers}
    return {**start, "headers": [*headers, *(one for one in _KEEP_NOTHING if one[0] not in said)]}


async def _answer(send: Send, error: JindouError) -> None:
    body = json.dumps(problem_json(error)).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": problem_of(error).status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

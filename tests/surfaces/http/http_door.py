"""The application as a client sees it, with the demo company behind it."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

import httpx
from httpx import ASGITransport, AsyncClient, Cookies, Response

from jindou.surfaces.app import create_app
from support.desk import Desk

__all__ = ["ASK", "URL", "Client", "Door", "assert_problem"]

ASK = "Refund 120 on SO-10007, broken lamp"
URL = "http://127.0.0.1:8787"


class Client:
    """Sends requests to an application in this process, and keeps cookies as a browser does."""

    def __init__(self, app: Any) -> None:
        self._transport = ASGITransport(app, raise_app_exceptions=False)
        self.cookies = Cookies()

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        data: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] | None = None,
    ) -> Response:
        """Return the answer, whole; redirects are not followed."""
        body = content if isinstance(content, bytes | None) else _chunked(content)
        request = httpx.Request(
            method, f"{URL}{path}", headers=headers, params=params, json=json, data=data, content=body
        )
        return asyncio.run(self._send(request))

    def get(self, path: str, **parts: Any) -> Response:
        """Get."""
        return self.request("GET", path, **parts)

    def post(self, path: str, **parts: Any) -> Response:
        """Post."""
        return self.request("POST", path, **parts)

    async def _send(self, request: httpx.Request) -> Response:
        async with AsyncClient(transport=self._transport, cookies=self.cookies) as client:
            if "cookie" not in request.headers:
                client.cookies.set_cookie_header(request)
            answer = await client.send(request)
            self.cookies = Cookies(client.cookies)
            return answer


async def _chunked(chunks: Iterable[bytes]) -> AsyncGenerator[bytes]:
    for chunk in chunks:
        yield chunk


class Door:
    """Requests to the application, as somebody or as nobody."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app = create_app(desk.platform)
        self.client = Client(self.app)
        self.operator = {"Authorization": f"Bearer {desk.platform.home.operator_key()}"}
        self._tokens: dict[str, str] = {}

    def as_(self, handle: str) -> dict[str, str]:
        """Return the headers of a person's session."""
        if handle not in self._tokens:
            answer = self.client.post("/api/sessions", json={"person": handle}, headers=self.operator)
            self._tokens[handle] = answer.json()["token"]
        return {"Authorization": f"Bearer {self._tokens[handle]}"}

    def get(self, path: str, who: str = "clerk", **params: Any) -> Response:
        """Get a path as somebody."""
        return self.client.get(path, headers=self.as_(who), params=params)

    def post(self, path: str, json: object = None, who: str = "clerk") -> Response:
        """Post JSON as somebody."""
        return self.client.post(path, json=json, headers=self.as_(who))

    def send(self, method: str, path: str, who: str = "clerk") -> Response:
        """Send a request without a body as somebody."""
        return self.client.request(method, path, headers=self.as_(who))

    def ask(self, message: str = ASK) -> dict[str, Any]:
        """Have the clerk ask, and move the run on until it is over or waits."""
        run: dict[str, Any] = self.post("/api/runs", {"message": message}).json()
        self.desk.move_on(run["id"])
        return run


def assert_problem(answer: Response, status: int, code: str, **members: object) -> None:
    """Hold an answer against RFC 9457 and against what it should say."""
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["title"]
    assert body["detail"]
    assert {name: body[name] for name in members} == members
    assert "Traceback" not in answer.text

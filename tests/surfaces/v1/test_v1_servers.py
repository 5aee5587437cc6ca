"""What `jindou up` and a worker tell alike when they refuse: in the words of the API that was asked."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from gateway_site import MODEL, Gateway, worker_before

from jindou.billing.budgets import BudgetAsk
from support.platform import as_person

OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"
BODY: dict[str, Any] = {"model": MODEL, "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
LARGEST = 16_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """A server of `/v1`, and a key for it."""

    url: str
    secret: str
    gateway: Gateway

    def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.secret}"} | how.pop("headers", {})
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=60, **how)


@pytest.fixture(scope="module", params=["up", "worker"])
def place(steady: Gateway, request: pytest.FixtureRequest) -> Generator[Place]:
    secret = steady.key().secret
    if request.param == "up":
        yield Place(steady.platform.settings.url, secret, steady)
        return
    with worker_before(steady) as port:
        yield Place(f"http://127.0.0.1:{port}", secret, steady)


def assert_told(answer: httpx.Response, status: int, what: str) -> None:
    """Hold an answer to the shape of its API, and to what the API calls it: OpenAI a code, Anthropic a type."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    if f"{answer.request.url.path}/".startswith(f"{ANTHROPIC}/"):
        assert answer.json()["type"] == "error"
        assert (error.keys(), error["type"]) == ({"type", "message"}, what)
        assert answer.headers["request-id"].startswith("req_")
        assert "x-request-id" not in answer.headers
    else:
        assert (error.keys(), error["code"]) == ({"message", "type", "param", "code"}, what)
        assert answer.headers["x-request-id"].startswith("req_")
        assert "request-id" not in answer.headers


def chunks() -> Iterator[bytes]:
    for _ in range(17):
        yield b" " * (LARGEST // 16)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("path", "what"), [(OPENAI, "too_large"), (ANTHROPIC, "request_too_large")])
def test_a_body_that_is_too_large(place: Place, path: str, what: str, *, chunked: bool) -> None:
    content = chunks() if chunked else b" " * (LARGEST + 1)
    answer = place.ask("POST", path, content=content)
    assert_told(answer, 413, what)
    assert str(LARGEST) in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC])
def test_a_body_of_megabytes_comes_to_the_model(place: Place, path: str) -> None:
    body = BODY | {"messages": [{"role": "user", "content": 'Hello, "you". ' * (LARGEST // 20)}]}
    answer = place.ask("POST", path, json=body)
    assert answer.status_code == 400
    assert "has 2800000 tokens" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("path", "what"), [(OPENAI, "too_large"), (ANTHROPIC, "request_too_large")])
def test_a_body_of_too_many_values(place: Place, path: str, what: str) -> None:
    assert_told(place.ask("POST", path, content=b"[" + b"[]," * 1_000_000 + b"[]]"), 413, what)


@pytest.mark.parametrize(
    ("method", "path", "status", "what"),
    [
        ("POST", "/v1/nothing", 404, "http_404"),
        ("POST", "/v1/messagesome", 404, "http_404"),
        ("POST", "/v1/messages/count_tokens", 404, "not_found_error"),
        ("GET", "/v1/messages/batches", 404, "not_found_error"),
        ("GET", OPENAI, 405, "http_405"),
        ("GET", ANTHROPIC, 405, "invalid_request_error"),
    ],
)
def test_a_path_or_a_method_that_is_not_there(place: Place, method: str, path: str, status: int, what: str) -> None:
    answer = place.ask(method, path)
    assert_told(answer, status, what)
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)


@pytest.mark.parametrize(
    ("headers", "status", "openai", "anthropic"),
    [
        ({"host": "evil.example"}, 400, "invalid_value", "invalid_request_error"),
        ({"origin": "https://evil.example"}, 403, "forbidden", "permission_error"),
        ({"authorization": "Bearer wrong"}, 401, "invalid_api_key", "authentication_error"),
        ({}, 400, "invalid_json", "invalid_request_error"),
    ],
)
def test_who_or_what_is_refused(
    place: Place, headers: dict[str, str], status: int, openai: str, anthropic: str
) -> None:
    for path, what in ((OPENAI, openai), (ANTHROPIC, anthropic)):
        assert_told(place.ask("POST", path, content=b"{", headers=headers), status, what)


def test_a_limit_that_has_no_room_says_what_is_left_in_the_headers_of_each_api(place: Place) -> None:
    gateway = place.gateway
    key, manager = gateway.key(), as_person(gateway.platform, "manager")
    with gateway.platform.database.writing(manager.org_id) as work:
        gateway.platform.budgets.create(work, manager, BudgetAsk(scope="key", scope_id=key.id, rpm=1))
    headers = {"authorization": f"Bearer {key.secret}"}
    assert place.ask("POST", OPENAI, json=BODY, headers=headers).status_code == 200
    openai = place.ask("POST", OPENAI, json=BODY, headers=headers)
    assert_told(openai, 429, "rate_limit_exceeded")
    assert openai.headers["x-ratelimit-remaining-requests"] == "0"
    assert not [name for name in openai.headers if name.startswith("anthropic-")]
    anthropic = place.ask("POST", ANTHROPIC, json=BODY, headers=headers)
    assert_told(anthropic, 429, "rate_limit_error")
    assert anthropic.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert anthropic.headers["anthropic-ratelimit-requests-reset"].endswith("Z")
    assert not [name for name in anthropic.headers if name.startswith("x-ratelimit-")]
    assert int(openai.headers["retry-after"]) > 0
    assert int(anthropic.headers["retry-after"]) > 0

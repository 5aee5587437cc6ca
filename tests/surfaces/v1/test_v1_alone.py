"""The gateway without the console, by its own server: what it answers, to whom, and what is in the ledger then."""

from collections.abc import Generator

import httpx
import openai
import pytest
from gateway_site import ANSWER, MODEL, Gateway, worker_before

HELLO = [{"role": "user", "content": "Good morning"}]


@pytest.fixture
def port(gateway: Gateway) -> Generator[int]:
    """A worker before the rooms of the running gateway."""
    with worker_before(gateway) as port:
        yield port


def test_openai_s_client_is_answered_whole_and_streamed_and_all_is_in_the_ledger(gateway: Gateway, port: int) -> None:
    client = gateway.client().with_options(base_url=f"http://127.0.0.1:{port}/v1")
    assert MODEL in {model.id for model in client.models.list()}
    whole = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Good morning"}])
    assert whole.choices[0].message.content == ANSWER
    stream = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Good morning"}], stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == ANSWER
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing")
    assert gateway.statement().events == 2
    assert gateway.ledger() == (gateway.engine.told.prompt, gateway.engine.told.completion)


def test_who_is_not_of_this_machine_is_turned_away(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400
        assert client.post("/v1/chat/completions", headers={"origin": "https://evil.example"}).status_code == 403
        assert client.post("/v1/chat/completions", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_what_is_not_there_says_so(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        assert client.get("/api/status").status_code == 404
        assert client.post("/healthz").headers["allow"] == "GET, HEAD"
        assert client.get("/v1/nothing").json()["error"]["code"] == "http_404"
        refused = client.get("/v1/chat/completions")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        head = client.head("/v1/chat/completions")
        assert (head.status_code, head.content) == (405, b"")


@pytest.mark.parametrize("stream", [True, False])
def test_what_a_client_that_left_had_used_is_in_the_ledger(gateway: Gateway, port: int, *, stream: bool) -> None:
    gateway.engine.hold_at = 3
    gateway.leave_in_the_middle({"model": MODEL, "messages": HELLO, "stream": stream}, port)
    gateway.engine.go.set()
    assert gateway.settled(lambda seen: not seen.unsettled and seen.events == 1).events == 1
    assert gateway.ledger() == (gateway.engine.told.prompt, gateway.engine.told.completion)

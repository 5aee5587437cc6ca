"""Whoever is deactivated, signs out, or loses their key is answered no further, also in the middle of an answer."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gateway_site import MODEL, Gateway

from support.platform import as_person
from support.waiting import wait_for

ASK: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Good morning"}]}
SECONDS = 60.0


def token(gateway: Gateway, handle: str = "clerk") -> str:
    who = as_person(gateway.platform, handle)
    with gateway.platform.database.writing(who.org_id) as work:
        return gateway.platform.sessions.open(work, who.org_id, who.person_id, who.person_id)


def asked(gateway: Gateway, path: str, secret: str, *, stream: bool, begun: threading.Barrier) -> tuple[int, str]:
    """Ask, say when the engine is at work, and return the status and all that came."""
    url = f"{gateway.platform.settings.url}{path}"
    headers = {"authorization": f"Bearer {secret}"}
    with httpx.stream("POST", url, json=ASK | {"stream": stream}, headers=headers, timeout=SECONDS) as answer:
        pieces: Iterator[str] = answer.iter_lines()
        first = next(pieces) if stream else ""
        begun.wait(SECONDS) if stream else None
        return answer.status_code, "\n".join([first, *pieces])


def deactivate(gateway: Gateway, handle: str = "clerk") -> None:
    manager, gone = as_person(gateway.platform, "manager"), as_person(gateway.platform, handle)
    with gateway.platform.database.writing(manager.org_id) as work:
        gateway.platform.directory.people.deactivate(work, manager, gone.person_id)


def code_of(told: str) -> str:
    return json.loads(told.strip().rpartition("\n")[2].removeprefix("data: "))["error"]["code"]


def test_the_answers_of_somebody_who_is_deactivated_end_at_once(gateway: Gateway) -> None:
    gateway.engine.hold_at = 3
    secret, session, other = gateway.key().secret, token(gateway), gateway.key("warehouse").secret
    begun = threading.Barrier(4)
    with ThreadPoolExecutor() as pool:
        streams = [
            pool.submit(asked, gateway, path, shown, stream=True, begun=begun)
            for path, shown in (("/v1/chat/completions", secret), ("/api/completions", session))
        ]
        theirs = pool.submit(asked, gateway, "/v1/chat/completions", other, stream=True, begun=begun)
        whole = pool.submit(asked, gateway, "/v1/chat/completions", secret, stream=False, begun=begun)
        begun.wait(SECONDS)
        wait_for(lambda: len(gateway.engine.requests) == 4)
        deactivate(gateway)
        # The engine says nothing more meanwhile, so that no answer ends by itself.
        told = [stream.result(SECONDS)[1] for stream in streams]
        status, body = whole.result(SECONDS)
        assert not theirs.done(), "Nobody else's answer ends."
        gateway.engine.go.set()
        assert theirs.result(SECONDS)[1].strip().endswith("data: [DONE]")
    assert [code_of(text) for text in told] == ["key_revoked", "unauthenticated"]
    assert "[DONE]" not in "".join(told)
    assert (status, code_of(body)) == (401, "key_revoked")
    assert gateway.settled().unsettled == [], "What was written of it is on the bill."


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses"])
def test_the_other_dialects_end_in_their_own_way(gateway: Gateway, path: str) -> None:
    gateway.engine.hold_at = 3
    made = gateway.key()
    body = {"model": MODEL, "stream": True}
    body |= {"input": "Good morning"} if path == "/v1/responses" else ASK | {"max_tokens": 100, "stream": True}
    headers = {"authorization": f"Bearer {made.secret}", "anthropic-version": "2023-06-01"}
    url = f"{gateway.platform.settings.url}{path}"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=SECONDS) as answer:
        pieces = answer.iter_lines()
        said = [next(pieces)]
        who = as_person(gateway.platform, "clerk")
        with gateway.platform.database.writing(who.org_id) as work:
            gateway.platform.keys.revoke(work, who, made.id)
        said += pieces
    gateway.engine.go.set()
    assert "taken back" in "\n".join(said)

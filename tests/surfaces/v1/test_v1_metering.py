"""Every token is in the ledger or held: also when the client leaves, the engine dies, or the process is killed."""

import json
import multiprocessing
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from gateway_site import MODEL, Gateway, script

from jindou.models.deployments import DeploymentAsk
from support import metered
from support.platform import as_person, open_platform
from support.upstream import OpenAIServer, delta, open_upstream

HELLO: list[Any] = [{"role": "user", "content": "Good morning"}]
BODY: dict[str, Any] = {"model": MODEL, "messages": HELLO}
CLIENTS = 8


def deploy(gateway: Gateway, *servers: OpenAIServer) -> None:
    """Have `servers` answer as ``big``, the later ones for when the earlier ones do not."""
    manager = as_person(gateway.platform, "manager")
    members = [{"engine": f"e{at}", "model": MODEL, "url": server.url, "rank": at} for at, server in enumerate(servers)]
    with gateway.platform.database.writing(manager.org_id) as work:
        asked = DeploymentAsk.model_validate({"name": "big", "members": members})
        gateway.platform.deployments.create(work, manager, asked)


@pytest.mark.parametrize("stream", [True, False])
def test_what_a_client_that_left_had_used_is_in_the_ledger(gateway: Gateway, *, stream: bool) -> None:
    gateway.engine.hold_at = 3
    gateway.leave_in_the_middle(BODY | {"stream": stream})
    assert [held.status for held in gateway.statement().unsettled] == ["open"]
    gateway.engine.go.set()
    assert gateway.settled().events == 1
    assert gateway.ledger() == (gateway.engine.told.prompt, gateway.engine.told.completion)


def test_an_answer_nobody_waits_for_is_broken_off_in_time_and_held(gateway: Gateway) -> None:
    gateway.platform.gateway.completions.drain_seconds = 0.2
    gateway.engine.hold_at = 3
    gateway.leave_in_the_middle(BODY | {"stream": True})
    seen = gateway.settled(lambda seen: any(held.status == "unknown" for held in seen.unsettled))
    assert seen.events == 0
    assert seen.held.micro > 0


@pytest.mark.parametrize("stream", [True, False])
def test_a_call_whose_engine_died_is_unknown_and_held_never_free(gateway: Gateway, *, stream: bool) -> None:
    gateway.engine.die_at = 3
    completions = gateway.client().chat.completions
    with pytest.raises(openai.APIError) as died:
        list(completions.create(model=MODEL, messages=HELLO, stream=stream))
    assert died.value.code == "engine_died"
    seen = gateway.statement()
    assert [held.status for held in seen.unsettled] == ["unknown"]
    assert seen.events == 0
    assert seen.held.micro > 0


def test_where_an_engine_dies_before_its_first_token_the_next_one_answers_and_each_is_accounted_for(
    gateway: Gateway,
) -> None:
    with open_upstream() as dies, open_upstream() as lives:
        dies.events = [{"error": {"message": "It is gone."}}]
        lives.says("Good morning.")
        deploy(gateway, dies, lives)
        completions = gateway.client().chat.completions
        for _ in range(2):
            chunks = completions.create(model="big", messages=HELLO, stream=True)
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Good morning."
        assert (len(dies.asked), len(lives.asked)) == (1, 2), "One that has just died is left alone."
    seen = gateway.statement()
    assert [(held.status, held.engine) for held in seen.unsettled] == [("unknown", f"e0/{MODEL}")]
    assert seen.events == 2
    assert gateway.ledger() == (10, 2)


def test_one_request_is_not_the_end_of_all_engines_and_its_clients_leaving_of_none(gateway: Gateway) -> None:
    gateway.platform.gateway.completions.drain_seconds = 0.1
    with open_upstream() as first, open_upstream() as second, open_upstream() as third:
        servers = [first, second, third]
        deploy(gateway, *servers)
        for server in servers:
            server.events = [{"error": {"message": "It is gone."}}]
        with pytest.raises(openai.APIError) as died:
            list(gateway.client().chat.completions.create(model="big", messages=HELLO, stream=True))
        assert died.value.code == "engine_died"
        assert [len(server.asked) for server in servers] == [1, 1, 0]
        third.events = [delta(content="Good"), 600.0]
        for _ in range(5):
            gateway.leave_in_the_middle(BODY | {"model": "big", "stream": True})
        seen = gateway.settled(
            lambda seen: len(seen.unsettled) == 7 and all(h.status == "unknown" for h in seen.unsettled)
        )
        assert seen.events == 0
        manager = as_person(gateway.platform, "manager")
        with gateway.platform.database.reading(manager.org_id) as work:
            engines = gateway.platform.deployments.engines(work, manager)
        assert [engine.breaker for engine in engines if engine.engine.startswith("e2/")] == ["closed"]
        assert gateway.platform.deployments.pick(manager.org_id, "big").engine_id == f"e2/{MODEL}", "It is not shaken."


def test_a_stream_that_breaks_has_no_end_that_looks_like_one(gateway: Gateway) -> None:
    gateway.engine.die_at = 3
    headers = {"authorization": f"Bearer {gateway.key().secret}"}
    told = httpx.post(f"{gateway.url}/chat/completions", json=BODY | {"stream": True}, headers=headers, timeout=60).text
    assert "[DONE]" not in told
    assert json.loads(told.strip().rpartition("data: ")[2])["error"]["code"] == "engine_died"


def test_many_at_once_are_all_in_the_ledger(gateway: Gateway) -> None:
    client = gateway.client()

    def ask(at: int) -> tuple[int, int]:
        made = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x" * at}])
        assert made.usage is not None
        return made.usage.prompt_tokens, made.usage.completion_tokens

    with ThreadPoolExecutor(CLIENTS) as pool:
        told = list(pool.map(ask, range(1, 49)))
    assert gateway.ledger() == (sum(p for p, _ in told), sum(c for _, c in told))
    assert gateway.ledger() == (gateway.engine.told.prompt, gateway.engine.told.completion)
    assert gateway.statement().events == 48


def kill_at_commit(home: Path, commit: int) -> int | None:
    """Make a completion in a process of its own, killed right before a commit; return its exit code."""
    process = multiprocessing.get_context("spawn").Process(target=metered.main, args=(home, commit))
    process.start()
    process.join(timeout=180)
    return process.exitcode


@pytest.mark.parametrize(
    ("commit", "left", "rows"),
    [(1, [], 0), (2, ["unknown"], 0), (0, [], 1)],
    ids=["before it was written down", "before it was settled", "never"],
)
def test_a_gateway_killed_at_any_boundary_loses_and_doubles_nothing(
    tmp_path: Path, commit: int, left: list[str], rows: int
) -> None:
    assert kill_at_commit(tmp_path, commit) == (-signal.SIGKILL if commit else 0)
    asked = (tmp_path / metered.ASKED).exists()
    assert asked == (commit != 1), "The engine hears of nothing that is not written down."
    with open_platform(tmp_path, script) as platform:
        platform.start()
        manager = as_person(platform, "manager")
        with platform.database.reading(manager.org_id) as work:
            seen = platform.usage.statement(work, manager)
        platform.stop()
    assert [held.status for held in seen.unsettled] == left
    assert (seen.held.micro > 0) == bool(left)
    with sqlite3.connect(tmp_path / "jindou.db") as database:
        assert database.execute("SELECT count(*) FROM meter_event").fetchone() == (rows,)
    database.close()

"""The models, asked by somebody who is signed in: the same path as with a key, and the console's own errors."""

import json
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from jindou.assembly import Platform
from jindou.billing.budgets import BudgetAsk
from jindou.billing.usage import Statement
from jindou.identity.keys import KeyAsk
from jindou.identity.principals import Principal
from jindou.models.completions import ChatRequest, dispatch
from jindou.models.completions.plan import Plan, plan_of
from jindou.models.deployments import DeploymentAsk, Member
from support.paced import PacedEngine
from support.platform import MODEL, as_person, as_stranger
from support.scripted import call
from support.served import serve
from support.upstream import open_upstream
from support.waiting import wait_for

HELLO: list[Any] = [{"role": "user", "content": "Good morning"}]
BODY: dict[str, Any] = {"model": MODEL, "messages": HELLO}
STREAMED = BODY | {"stream": True, "stream_options": {"include_usage": True}}
ANSWER = "Good morning. The lamp is on its way."
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def script(messages: Sequence[dict[str, object]]) -> str:
    return call("get_weather", city="Paris") if "weather" in str(messages[-1]["content"]) else ANSWER


class Gateway:
    """A running server, its engine, and whoever asks it."""

    def __init__(self, platform: Platform, engine: PacedEngine) -> None:
        self.platform = platform
        self.engine = engine
        self.url = f"{platform.settings.url}/api/completions"

    def session(self, who: Principal | None = None) -> dict[str, str]:
        who = who or as_person(self.platform, "clerk")
        with self.platform.database.writing(None) as work:
            secret = self.platform.sessions.open(work, who.org_id, who.person_id, who.person_id)
        return {"authorization": f"Bearer {secret}"}

    def stranger(self) -> Principal:
        """Return somebody of another organisation."""
        return as_stranger(self.platform)

    def ask(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        return httpx.post(self.url, json=body, headers=self.session() if headers is None else headers, timeout=30)

    def bill(self, handle: str = "manager") -> Statement:
        who = as_person(self.platform, handle)
        with self.platform.database.reading(who.org_id) as work:
            return self.platform.usage.statement(work, who)

    def settled(self, is_so: Callable[[Statement], bool]) -> Statement:
        def look() -> Statement | None:
            seen = self.bill()
            return seen if is_so(seen) else None

        return wait_for(look)


@pytest.fixture
def gateway(tmp_path: Path) -> Generator[Gateway]:
    with serving(tmp_path) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    """A server that no test disturbs, and at which nothing is used."""
    with serving(tmp_path_factory.mktemp("steady")) as gateway:
        yield gateway
        assert gateway.bill().events == 0
        assert gateway.engine.told.prompt == 0


@contextmanager
def serving(folder: Path) -> Generator[Gateway]:
    engine = PacedEngine(script)
    with serve(folder, script, engine=engine) as platform:
        yield Gateway(platform, engine)
        engine.go.set()


def chunks(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert data.pop() == "[DONE]"
    return [json.loads(chunk) for chunk in data]


def test_a_session_asks_and_is_told_what_it_cost(gateway: Gateway) -> None:
    told = gateway.ask(BODY).json()
    assert told["choices"][0]["message"]["content"] == ANSWER
    bill = gateway.bill("clerk")
    assert told["usage"]["cost"] == bill.total.model_dump()
    assert bill.total.micro > 0
    (event,) = bill.latest
    assert (event.person_id, event.key_id) == (as_person(gateway.platform, "clerk").person_id, "")
    assert told["usage"]["prompt_tokens"] == event.quantities.input_tokens + event.quantities.cached_tokens


def test_a_stream_ends_with_what_it_cost(gateway: Gateway) -> None:
    told = chunks(gateway.ask(STREAMED))
    said = "".join(choice["delta"].get("content") or "" for chunk in told for choice in chunk["choices"])
    assert said == ANSWER
    assert told[-1]["usage"]["cost"] == gateway.bill().total.model_dump()


def test_calls_of_functions_come_as_calls(gateway: Gateway) -> None:
    ask = STREAMED | {"messages": [{"role": "user", "content": "The weather in Paris?"}], "tools": [TOOL]}
    told = chunks(gateway.ask(ask))
    made = [call for chunk in told for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])]
    assert made[0]["function"]["name"] == "get_weather"
    assert json.loads("".join(piece["function"]["arguments"] for piece in made)) == {"city": "Paris"}


def test_programs_are_told_nothing_of_costs_that_openai_has_no_field_for(gateway: Gateway) -> None:
    who = as_person(gateway.platform, "clerk")
    with gateway.platform.database.writing(who.org_id) as work:
        secret = gateway.platform.keys.create(work, who, KeyAsk(name="test")).secret
    url = f"{gateway.platform.settings.url}/v1/chat/completions"
    told = httpx.post(url, json=BODY, headers={"authorization": f"Bearer {secret}"}, timeout=30).json()
    assert "cost" not in told["usage"]
    assert gateway.ask(BODY, {"authorization": f"Bearer {secret}"}).status_code == 401


def test_nobody_asks_without_a_session(steady: Gateway) -> None:
    answer = steady.ask(BODY, {})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["content-type"] == "application/problem+json"
    assert steady.ask(BODY, {"authorization": "Bearer nonsense"}).status_code == 401


def test_another_site_can_not_have_a_browser_ask(steady: Gateway) -> None:
    answer = steady.ask(BODY, steady.session() | {"origin": "https://example.com"})
    assert (answer.status_code, answer.json()["rules"]) == (403, ["jindou.same-origin"])


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "gpt-4o"}, 404, "model_not_found"),
        ({"messages": []}, 422, "invalid"),
        ({"foo": 1}, 422, "invalid"),
        ({"max_tokens": 10**9}, 422, "invalid"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_wrong_before_the_answer_is_a_problem(
    steady: Gateway, change: dict[str, Any], status: int, code: str, *, stream: bool
) -> None:
    answer = steady.ask(BODY | {"stream": stream} | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_breaks_in_the_middle_is_told_in_the_stream(gateway: Gateway) -> None:
    gateway.engine.die_at = 2
    answer = gateway.ask(STREAMED)
    assert answer.status_code == 200
    assert "[DONE]" not in answer.text
    assert json.loads(answer.text.strip().rpartition("data: ")[2])["error"]["code"] == "engine_died"


def test_a_deployment_of_another_organisation_is_not_there(gateway: Gateway) -> None:
    manager, stranger = as_person(gateway.platform, "manager"), gateway.stranger()
    ask = DeploymentAsk(name="ours", members=(Member(model=MODEL),))
    with gateway.platform.database.writing(manager.org_id) as work:
        gateway.platform.deployments.create(work, manager, ask)
    assert gateway.ask(BODY | {"model": "ours"}).status_code == 200
    theirs = gateway.ask(BODY | {"model": "ours"}, gateway.session(stranger))
    assert (theirs.status_code, theirs.json()["code"]) == (404, "model_not_found")
    assert gateway.ask(BODY, gateway.session(stranger)).status_code == 200
    assert gateway.bill().events == 1, "What they use is on their own bill."


def test_a_budget_that_has_no_room_is_named_and_nothing_is_asked(gateway: Gateway) -> None:
    clerk, manager = as_person(gateway.platform, "clerk"), as_person(gateway.platform, "manager")
    ask = BudgetAsk(scope="person", scope_id=clerk.person_id, monthly_micro=1)
    with gateway.platform.database.writing(manager.org_id) as work:
        gateway.platform.budgets.create(work, manager, ask)
    answer = gateway.ask(STREAMED)
    told = answer.json()
    assert (answer.status_code, told["code"], told["scope"], told["limit"]) == (402, "budget_exceeded", "person", 1)
    assert gateway.engine.told.prompt == 0


def test_a_limit_of_a_minute_says_when_to_come_back(gateway: Gateway) -> None:
    clerk, manager = as_person(gateway.platform, "clerk"), as_person(gateway.platform, "manager")
    with gateway.platform.database.writing(manager.org_id) as work:
        gateway.platform.budgets.create(work, manager, BudgetAsk(scope="person", scope_id=clerk.person_id, rpm=1))
    assert gateway.ask(BODY).status_code == 200
    answer = gateway.ask(BODY)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_whoever_leaves_stops_the_engine_and_what_was_used_is_on_the_bill(gateway: Gateway) -> None:
    gateway.engine.hold_at = 2
    with (
        httpx.Client(timeout=30) as client,
        client.stream("POST", gateway.url, json=STREAMED, headers=gateway.session()) as answer,
    ):
        assert answer.status_code == 200
        next(answer.iter_bytes())
    gateway.engine.go.set()
    seen = gateway.settled(lambda bill: not bill.unsettled)
    assert seen.events == 1


def test_the_figures_count_it_as_what_it_is(gateway: Gateway) -> None:
    gateway.ask(BODY)
    gateway.ask(BODY | {"model": "gpt-4o"})
    figures = gateway.platform.gateway.metrics.requests.families()
    total = next(family for family in figures if family.name == "jindou_requests_total")
    counted = [(labels["model"], labels["status"]) for _, labels, _ in total.samples if labels["route"] == "playground"]
    assert sorted(counted) == [("", "404"), (MODEL, "200")]


def test_a_schema_that_is_checked_keeps_nobody_else_waiting(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(request: ChatRequest, context_tokens: int) -> Plan:
        begun.set()
        assert go.wait(60)
        return plan_of(request, context_tokens)

    monkeypatch.setattr(dispatch, "plan_of", slow)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(gateway.ask, BODY | {"tools": [TOOL]}, gateway.session())
        assert begun.wait(60)
        assert httpx.get(f"{gateway.platform.settings.url}/v1/models", timeout=30).status_code == 401
        assert not asked.done()
        go.set()
        assert asked.result().status_code == 200


def test_requests_that_queue_at_one_engine_hold_up_none_for_another(gateway: Gateway) -> None:
    platform, manager, waiting = gateway.platform, as_person(gateway.platform, "manager"), 8

    def queued() -> bool:
        with platform.database.reading(manager.org_id) as work:
            return any(engine.waiting == waiting for engine in platform.deployments.engines(work, manager))

    with open_upstream() as server, ThreadPoolExecutor(waiting) as pool:
        server.says("Late.")
        busy = Member(engine="busy", model="big", url=server.url, sku=f"model:{MODEL}", at_once=2)
        with platform.database.writing(manager.org_id) as work:
            platform.deployments.create(work, manager, DeploymentAsk(name="slow", members=(busy,)))
            secret = platform.keys.create(work, manager, KeyAsk(name="test")).secret
        with platform.deployments.pick(manager.org_id, "slow"), platform.deployments.pick(manager.org_id, "slow"):
            late = [pool.submit(gateway.ask, STREAMED | {"model": "slow"}, gateway.session()) for _ in range(waiting)]
            wait_for(queued)
            # Its key is not known yet, and its tools are checked.
            url, key = f"{platform.settings.url}/v1/chat/completions", {"authorization": f"Bearer {secret}"}
            assert httpx.post(url, json=BODY | {"tools": [TOOL]}, headers=key, timeout=20).status_code == 200
            assert not any(asked.done() for asked in late)
        assert {asked.result().status_code for asked in late} == {200}


@pytest.mark.parametrize("further", [{}, {"tools": [TOOL]}], ids=["passed on", "harnessed"])
def test_an_engine_does_not_hear_of_what_nobody_waits_for_any_more(gateway: Gateway, further: dict[str, Any]) -> None:
    platform, manager = gateway.platform, as_person(gateway.platform, "manager")

    def waiting() -> int:
        with platform.database.reading(manager.org_id) as work:
            return sum(engine.waiting for engine in platform.deployments.engines(work, manager))

    with open_upstream() as server:
        server.says("Late.")
        busy = Member(engine="busy", model="big", url=server.url, sku=f"model:{MODEL}", at_once=1)
        with platform.database.writing(manager.org_id) as work:
            platform.deployments.create(work, manager, DeploymentAsk(name="slow", members=(busy,)))
        with platform.deployments.pick(manager.org_id, "slow"):
            body = STREAMED | further | {"model": "slow"}
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(gateway.url, json=body, headers=gateway.session(), timeout=2.0)
            wait_for(lambda: waiting() == 0)
        assert gateway.ask(STREAMED | {"model": "slow"}, gateway.session()).status_code == 200
        assert len(server.asked) == 1
    assert gateway.bill().unsettled == []

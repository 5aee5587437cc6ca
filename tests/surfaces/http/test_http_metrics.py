"""`/metrics`: Prometheus's own parser reads it; only the operator and managers may."""

from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from jindou.assembly import Platform
from jindou.identity.keys import KeyAsk
from support.platform import MODEL, as_person
from support.served import serve


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    home: Path = tmp_path_factory.mktemp("figures")
    with serve(home, lambda _: "Good morning.") as platform:
        yield platform


def get(platform: Platform, secret: str = "", cookie: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    name = f"jindou_session_{platform.settings.port}"
    cookies = {name: cookie} if cookie else {}
    return httpx.get(f"{platform.settings.url}/metrics", headers=headers, cookies=cookies, trust_env=False)


def read(platform: Platform) -> dict[str, Metric]:
    answer = get(platform, platform.home.operator_key())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def session(platform: Platform, handle: str) -> str:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        return platform.sessions.open(work, who.org_id, who.person_id, "test")


def ask(platform: Platform, model: str = MODEL) -> httpx.Response:
    who = as_person(platform, "clerk")
    with platform.database.writing(who.org_id) as work:
        secret = platform.keys.create(work, who, KeyAsk(name="test")).secret
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    url, headers = f"{platform.settings.url}/v1/chat/completions", {"Authorization": f"Bearer {secret}"}
    return httpx.post(url, json=body, headers=headers, timeout=30, trust_env=False)


def test_a_completion_is_counted_with_its_tokens_and_the_batches_that_wrote_it_down(platform: Platform) -> None:
    used = ask(platform).raise_for_status().json()["usage"]
    seen = read(platform)
    total = {(s.labels["route"], s.labels["status"]): s.value for s in seen["jindou_requests"].samples}
    assert total["chat", "200"] == 1
    tokens = {s.labels["kind"]: s.value for s in seen["jindou_tokens"].samples if s.labels["route"] == "chat"}
    assert tokens["input"] + tokens["cached"] == used["prompt_tokens"]
    assert tokens["output"] + tokens["reasoning"] == used["completion_tokens"]
    batches = seen["jindou_ledger_batch_size"].samples
    assert next(s.value for s in batches if s.name.endswith("_count")) >= 2


def test_engines_the_queue_and_the_process_are_seen(platform: Platform) -> None:
    seen = read(platform)
    assert {s.labels["engine"]: s.value for s in seen["jindou_engine_ready"].samples} == {f"local/{MODEL}": 1}
    assert [s.labels["state"] for s in seen["jindou_engine_breaker"].samples] == ["closed"]
    assert seen["jindou_queue_tasks"].samples[0].labels == {"kind": "run"}
    assert seen["process_resident_memory_bytes"].samples[0].value > 10_000_000
    assert seen["jindou_embeddings_ready"].samples[0].value == 0


def test_a_model_that_a_client_made_up_is_no_label(platform: Platform) -> None:
    assert ask(platform, "made-up-by-a-client").status_code == 404
    assert "made-up-by-a-client" not in get(platform, platform.home.operator_key()).text


def test_managers_may_read_and_nobody_else(platform: Platform) -> None:
    assert get(platform).status_code == 401
    assert get(platform, "wrong").status_code == 401
    assert get(platform, cookie=session(platform, "clerk")).status_code == 403
    assert get(platform, cookie=session(platform, "manager")).status_code == 200

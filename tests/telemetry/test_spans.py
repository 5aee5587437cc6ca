"""Spans: a collector on the loopback interface gets them by OTLP, with what they are to say and no word more."""

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jindou.assembly import Platform
from jindou.identity.keys import KeyAsk
from jindou.settings import load_settings
from jindou.telemetry import Spans
from support.collector import Collector, collecting
from support.platform import MODEL, as_person, run_to_rest
from support.served import serve

SECRET = "the lamp in the cellar"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Generator[Collector]:
    with collecting() as collector:
        yield collector


def attributes(span: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def ask(platform: Platform) -> httpx.Response:
    who = as_person(platform, "clerk")
    with platform.database.writing(who.org_id) as work:
        secret = platform.keys.create(work, who, KeyAsk(name="test")).secret
    body = {"model": MODEL, "messages": [{"role": "user", "content": SECRET}]}
    headers = {"Authorization": f"Bearer {secret}", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    url = f"{platform.settings.url}/v1/chat/completions"
    return httpx.post(url, json=body, headers=headers, timeout=30, trust_env=False)


def test_a_collector_gets_the_spans_of_requests_and_runs(tmp_path: Path, collector: Collector) -> None:
    (tmp_path / "jindou.toml").write_text(f'otlp_endpoint = "{collector.url}"\n', encoding="utf-8")
    with serve(tmp_path, lambda _: f"I know of {SECRET}.") as platform:
        used = ask(platform).raise_for_status().json()["usage"]
        run = run_to_rest(platform, as_person(platform, "clerk"), f"Where is {SECRET}?")
    spans = {span.name: span for span in collector.spans()}
    asked = next(span for span in collector.spans() if span.trace_id.hex() == TRACE)
    said = attributes(asked)
    assert asked.parent_span_id.hex() == "b7ad6b7169203331"
    assert said["gen_ai.operation.name"] == "chat"
    assert said["gen_ai.request.model"] == said["gen_ai.response.model"] == MODEL
    assert said["gen_ai.usage.input_tokens"] == used["prompt_tokens"]
    assert said["gen_ai.usage.output_tokens"] == used["completion_tokens"]
    whole = next(span for name, span in spans.items() if name.startswith("invoke_agent"))
    assert attributes(whole)["jindou.run.id"] == run.id
    steps = [span for span in collector.spans() if span.parent_span_id == whole.span_id]
    assert {span.trace_id for span in steps} == {whole.trace_id}
    assert [attributes(span)["gen_ai.operation.name"] for span in steps] == ["chat"]
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span in collector.spans())
    everything = b"".join(collector.bodies)
    assert SECRET.encode() not in everything
    assert b"jdk_" not in everything


def test_spans_that_nobody_takes_are_not_made() -> None:
    assert not Spans().is_on


def test_opentelemetry_s_own_variable_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load_settings(home=tmp_path).otlp_endpoint
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert load_settings(home=tmp_path).otlp_endpoint == "http://127.0.0.1:4318"
    assert load_settings(home=tmp_path, otlp_endpoint="").otlp_endpoint == ""


def test_without_the_extra_the_error_names_it() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from jindou.telemetry import open_spans\n"
        "try: open_spans('http://127.0.0.1:4318', '1')\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'jindou[otel]'" in done.stdout


def test_nothing_of_opentelemetry_is_loaded_until_it_is_asked_for() -> None:
    code = "import sys, jindou.telemetry; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

from datetime import timedelta
from typing import Any

import httpx
import openai
import pytest
from gateway_site import MODEL, Gateway
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from jindou.identity.keys.tables import KeyRow
from jindou.models.upstreams import ContextOverflow, EngineRefused, EngineUnavailable
from jindou.surfaces.openai_errors import OPENAI_ERRORS
from jindou.surfaces.problems import PROBLEMS

HELLO: list[Any] = [{"role": "user", "content": "Good morning"}]
GOOD: dict[str, Any] = {"model": MODEL, "messages": HELLO}
FUNCTION: dict[str, Any] = {"type": "function", "function": {"name": "f"}}


def post(gateway: Gateway, secret: str, **how: Any) -> httpx.Response:
    return httpx.post(
        f"{gateway.url}/chat/completions", headers={"authorization": f"Bearer {secret}"}, timeout=30, **how
    )


def assert_told(answer: httpx.Response, status: int, code: str | None, param: str | None = None) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param), error
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]


@pytest.fixture(scope="module")
def secret(steady: Gateway) -> str:
    return steady.key().secret


@pytest.mark.parametrize("scope", ["completions", "embeddings", "scim"])
def test_a_key_that_is_not_for_models_is_told_of_none(steady: Gateway, scope: str) -> None:
    auth = {"Authorization": f"Bearer {steady.key(scopes=[scope]).secret}"}
    for path in ("/v1/models", "/v1/models/qwen2.5-coder-0.5b"):
        assert_told(
            httpx.get(f"{steady.platform.settings.url}{path}", headers=auth, timeout=60), 403, "scope_not_allowed"
        )


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"messages": "x"}, "invalid_type", "messages"),
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "invalid_value", "messages[0]"),
        ({"messages": [{"role": "user", "content": 1}]}, "invalid_type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "invalid_value", "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value", "messages[0]"),
        ({"foo": 1}, "unknown_parameter", "foo"),
        ({"temperature": "1"}, "invalid_type", "temperature"),
        ({"temperature": 3}, "invalid_value", "temperature"),
        ({"n": 9}, "invalid_value", "n"),
        ({"logprobs": True}, "invalid_value", "logprobs"),
        ({"stop": ["a"] * 5}, "invalid_value", "stop"),
        ({"stop": [""]}, "invalid_value", "stop[0]"),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"max_tokens": 10**9}, "invalid_value", "max_tokens"),
        ({"seed": 10**30}, "invalid_value", "seed"),
        ({"tool_choice": "always"}, "invalid_value", "tool_choice"),
        ({"tool_choice": "required"}, "invalid_value", "tool_choice"),
        ({"tools": [FUNCTION, FUNCTION]}, "invalid_value", "tools[1].function.name"),
        ({"response_format": {"type": "json_schema"}}, "invalid_value", "response_format.json_schema"),
        ({"response_format": {"type": "xml"}}, "invalid_value", "response_format.type"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    steady: Gateway, secret: str, change: dict[str, Any], code: str, param: str
) -> None:
    assert_told(post(steady, secret, json=GOOD | change), 400, code, param)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff", b"[" * 100_000, b'{"model": NaN}'])
def test_a_body_that_is_no_request_is_refused(steady: Gateway, secret: str, body: bytes) -> None:
    answer = post(steady, secret, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_half_a_character_is_refused_before_the_engine_hears_of_it(steady: Gateway, secret: str) -> None:
    body = b'{"model": "%b", "messages": [{"role": "user", "content": "\\ud800"}]}' % MODEL.encode()
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    answer = httpx.post(f"{steady.url}/chat/completions", content=body, headers=headers, timeout=60)
    assert_told(answer, 400, "invalid_json")


def test_a_huge_body_is_refused_in_the_shape_that_clients_read(steady: Gateway, secret: str) -> None:
    assert_told(post(steady, secret, content=b" " * 16_000_001), 413, "too_large")


def test_a_model_that_is_not_served_is_not_found(steady: Gateway) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        steady.client().chat.completions.create(model="gpt-4o", messages=HELLO)
    assert refused.value.code == "model_not_found"


def test_no_key_a_wrong_key_and_a_session_open_nothing(steady: Gateway) -> None:
    answer = httpx.post(f"{steady.url}/chat/completions", json=GOOD, timeout=60)
    assert_told(answer, 401, "invalid_api_key")
    assert answer.headers["www-authenticate"] == "Bearer"
    for secret in ("jdk_" + "0" * 64, "sk-proj-x", steady.platform.home.operator_key()):
        assert_told(post(steady, secret, json=GOOD), 401, "invalid_api_key")


def test_a_key_opens_nothing_but_the_gateway(steady: Gateway, secret: str) -> None:
    answer = httpx.get(
        f"{steady.platform.settings.url}/api/keys", headers={"authorization": f"Bearer {secret}"}, timeout=60
    )
    assert answer.status_code == 401


def test_a_key_that_is_over_says_so(gateway: Gateway) -> None:
    revoked, expired = gateway.key(), gateway.key(days=1)
    with gateway.platform.database.writing(None) as work:
        now = work.now()
        work.session.execute(update(KeyRow).where(KeyRow.id == revoked.id).values(revoked_at=now))
        over = now - timedelta(seconds=1)
        work.session.execute(update(KeyRow).where(KeyRow.id == expired.id).values(expires_at=over))
    assert_told(post(gateway, revoked.secret, json=GOOD), 401, "key_revoked")
    assert_told(post(gateway, expired.secret, json=GOOD), 401, "key_expired")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ContextOverflow(9000, 8192), 400, "context_length_exceeded"),
        (EngineRefused("The engine can't do this."), 400, "engine_refused"),
        (EngineUnavailable("The engine is not running."), 503, "engine_unavailable"),
    ],
)
def test_what_the_engine_refuses_is_told_by_its_status_and_costs_nothing(
    gateway: Gateway, error: Exception, status: int, code: str, *, stream: bool
) -> None:
    gateway.engine.refusal = error
    answer = post(gateway, gateway.key().secret, json=GOOD | {"stream": stream})
    told = answer.json()["error"]
    assert (answer.status_code, told["code"]) == (status, code)
    if status == 400 and code == "context_length_exceeded":
        assert "808 over" in told["message"]
    seen = gateway.statement()
    assert (seen.events, seen.unsettled) == (0, [])


def test_a_fault_of_ours_tells_nothing_of_itself(gateway: Gateway) -> None:
    gateway.engine.refusal = RuntimeError("secret detail")
    answer = post(gateway, gateway.key().secret, json=GOOD)
    assert_told(answer, 500, "internal_error")
    assert "secret detail" not in answer.text


def test_an_address_that_is_not_there_is_refused_in_the_shape_that_clients_read(steady: Gateway, secret: str) -> None:
    headers = {"authorization": f"Bearer {secret}"}
    assert_told(httpx.get(f"{steady.url}/nothing", headers=headers, timeout=60), 404, "http_404")
    assert_told(httpx.get(f"{steady.url}/chat/completions", headers=headers, timeout=60), 405, "http_405")


def test_every_kind_of_error_has_a_shape_here_too() -> None:
    assert OPENAI_ERRORS.keys() == PROBLEMS.keys()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = (
    "model",
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "stop",
    "seed",
    "n",
    "stream_options",
    "user",
)


@pytest.mark.filterwarnings("ignore:Possible")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=st.dictionaries(st.sampled_from(_FIELDS), _JSON, min_size=1, max_size=3))
def test_no_body_makes_the_gateway_fail(steady: Gateway, secret: str, change: dict[str, Any]) -> None:
    answer = post(steady, secret, json=GOOD | change)
    assert answer.status_code < 500, answer.text


@pytest.mark.filterwarnings("ignore:Possible")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    schema=st.dictionaries(
        st.sampled_from(("type", "properties", "items", "required", "$ref", "enum", "anyOf", "pattern", "default")),
        _JSON,
        max_size=4,
    )
)
def test_no_schema_makes_the_gateway_fail(steady: Gateway, secret: str, schema: dict[str, Any]) -> None:
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"properties": {"city": schema}}}}
    ask = [{"role": "user", "content": "weather"}]
    answer = post(steady, secret, json={"model": MODEL, "messages": ask, "tools": [tool]})
    assert answer.status_code < 500, answer.text

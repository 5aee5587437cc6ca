"""Every operation as the OpenAPI document tells of it, with requests that schemathesis makes up, at a real server.

`pytest tests/surfaces/http/test_http_schema.py --examples 300` looks deeper.
"""

from collections.abc import Generator
from typing import Any, Final, cast

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from jindou.assembly import Platform
from support.platform import MODEL
from support.served import serve

CHECKS: Final = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
"""A status that the document does not have, such as 500, is one that must not come."""
LIKELY: Final[dict[str, Any]] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Hello"}],
    "input": "Hello",
    "prompt": "Hello",
    "max_tokens": 5,
}
"""What a body has, half of the time, where it has such a field: nearly nothing else is a model that there is."""


class Site:
    """A served company in which everything that a path may name is there once."""

    def __init__(self, platform: Platform) -> None:
        self._client = httpx.Client(base_url=platform.settings.url, timeout=30)
        self._operator = {"Authorization": f"Bearer {platform.home.operator_key()}"}
        self.session = requests.Session()
        self.url = platform.settings.url
        run = self._made("clerk", "/api/runs", {"message": "Hi"})
        self.known = {
            "run_id": run["id"],
            "conversation_id": run["conversation_id"],
            "budget_id": self._made("manager", "/api/budgets", {"scope": "organisation", "rpm": 10**6})["id"],
            "key_id": self._made("manager", "/api/keys", {"name": "old"})["id"],
            "name": MODEL,
        }
        self.key = self._made("manager", "/api/keys", {"name": "test"})["secret"]
        self.document: dict[str, Any] = self._client.get("/api/openapi.json").json()

    def signed_in(self, handle: str) -> dict[str, str]:
        """Return the headers of a new session."""
        answer = self._client.post("/api/sessions", json={"person": handle}, headers=self._operator)
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def close(self) -> None:
        self._client.close()
        self.session.close()

    def _made(self, handle: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(path, json=body, headers=self.signed_in(handle))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "jindou.toml").write_text("offline = true\n", encoding="utf-8")
    with serve(folder, lambda _: "Hello.") as platform:
        site = Site(platform)
        yield site
        site.close()


@pytest.mark.parametrize("room", ["api", "v1"])
def test_whatever_the_document_allows_or_forbids_is_answered_as_it_says(
    site: Site, room: str, request: pytest.FixtureRequest
) -> None:
    examples: int = request.config.option.examples
    document: Any = schemathesis.openapi.from_dict(site.document)
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path.startswith(f"/{room}/"):
            for mode in modes(operation):
                meet(site, operation, mode, examples)


def modes(operation: Any) -> list[GenerationMode]:
    """Return how requests can be made up: nothing is wrong where nothing is asked for but a path of any text."""
    asked = [*operation.query, *operation.headers, *operation.body]
    return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if asked else [GenerationMode.POSITIVE]


def meet(site: Site, operation: Any, mode: GenerationMode, examples: int) -> None:
    headers = {"Authorization": f"Bearer {site.key}"} if operation.path.startswith("/v1") else site.signed_in("manager")

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_likely=some.booleans())
    def send(case: Any, *, is_likely: bool) -> None:
        if is_likely:
            case.path_parameters.update({name: site.known.get(name, of) for name, of in case.path_parameters.items()})
            body = case.body
            if isinstance(body, dict):
                case.body = {name: LIKELY.get(name, of) for name, of in cast("dict[str, Any]", body).items()}
        answer = case.call(base_url=site.url, session=site.session, headers=headers, timeout=30)
        case.validate_response(answer, checks=[getattr(checks, name) for name in CHECKS])

    send()

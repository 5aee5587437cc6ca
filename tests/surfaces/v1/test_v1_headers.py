"""What the headers of an answer say of the budgets that pay for it."""

from typing import Any

import httpx
import pytest
from gateway_site import MODEL, Gateway

from jindou.billing.budgets import BudgetAsk
from support.platform import as_person

WARNING = "x-jindou-budget-warning"
CHAT: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
ASKED: dict[str, dict[str, Any]] = {
    "/chat/completions": CHAT,
    "/responses": {"model": MODEL, "input": "Hello"},
    "/messages": CHAT | {"max_tokens": 20},
}


def key_with(gateway: Gateway, **asked: object) -> str:
    """Return a key that has a budget."""
    key, manager = gateway.key(), as_person(gateway.platform, "manager")
    asked = {"scope": "key", "scope_id": key.id, "monthly_micro": 50_000_000} | asked
    with gateway.platform.database.writing(manager.org_id) as work:
        gateway.platform.budgets.create(work, manager, BudgetAsk.model_validate(asked))
    return key.secret


def headers(gateway: Gateway, secret: str, path: str, **change: object) -> httpx.Headers:
    answer = httpx.post(
        gateway.url + path, json=ASKED[path] | change, headers={"authorization": f"Bearer {secret}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return answer.headers


@pytest.mark.parametrize("path", ASKED)
def test_a_budget_that_is_nearly_used_up_is_warned_of(steady: Gateway, path: str) -> None:
    secret = key_with(steady, warn_share=1e-9)
    assert headers(steady, secret, path)[WARNING] == "key;used=0.00"
    assert headers(steady, secret, path, stream=True)[WARNING] == "key;used=0.00"


def test_a_budget_that_has_its_share_left_is_not_warned_of(steady: Gateway) -> None:
    assert WARNING not in headers(steady, key_with(steady, warn_share=0.8), "/chat/completions")
    assert WARNING not in headers(steady, key_with(steady), "/chat/completions")


def test_a_warning_says_how_much_is_used_or_held(steady: Gateway) -> None:
    most = headers(steady, key_with(steady), "/chat/completions", max_tokens=100)
    held = int(most["x-ratelimit-limit-money"]) - int(most["x-ratelimit-remaining-money"])
    secret = key_with(steady, monthly_micro=held * 2, warn_share=0.5)
    assert headers(steady, secret, "/chat/completions", max_tokens=100)[WARNING] == "key;used=0.50"

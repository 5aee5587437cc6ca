"""What a gateway meets of others: a key of another organisation, ten thousand keys, a body without end."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway_site import MODEL, Gateway
from sqlalchemy import insert, text

from jindou.identity.keys import KeyAsk
from jindou.identity.keys.tables import KeyRow
from jindou.models.deployments import DeploymentAsk, Member
from support.platform import as_person, as_stranger

CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}]}
MANY = 10_000


def post(gateway: Gateway, secret: str, model: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.post(f"{gateway.url}/chat/completions", json=CHAT | {"model": model}, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def stranger(steady: Gateway) -> str:
    """Return a key of an organisation that came after ours."""
    platform = steady.platform
    who = as_stranger(platform)
    with platform.database.writing(who.org_id) as work:
        return platform.keys.create(work, who, KeyAsk(name="theirs")).secret


def test_the_key_of_another_organisation_does_not_reach_our_models(steady: Gateway, stranger: str) -> None:
    manager = as_person(steady.platform, "manager")
    member = Member(engine="ours", model="secret", url="http://127.0.0.1:9/v1")
    with steady.platform.database.writing(manager.org_id) as work:
        steady.platform.deployments.create(work, manager, DeploymentAsk(name="our-own", members=(member,)))
    answer = post(steady, stranger, "our-own")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert answer.json()["error"]["message"].count("our-own") == 1  # As they asked, and not among what there is.


def test_what_another_organisation_uses_is_not_on_our_bill(steady: Gateway, stranger: str) -> None:
    before = steady.settled()
    assert post(steady, stranger, MODEL).status_code == 200
    assert steady.settled().total == before.total


def test_the_last_of_ten_thousand_keys_opens_and_is_found_by_an_index(steady: Gateway) -> None:
    database = steady.platform.database
    key, last = steady.key("manager"), steady.key("clerk")
    with database.writing(None) as work:
        row = work.session.get_one(KeyRow, key.id)
        same = {column.name: getattr(row, column.name) for column in KeyRow.__table__.columns}
        rows = [same | {"id": f"key_{at:026}", "secret_hash": f"{at:064x}"} for at in range(MANY)]
        work.session.execute(insert(KeyRow), rows)
        question = "EXPLAIN QUERY PLAN SELECT id FROM api_key WHERE secret_hash = 'a' OR old_hash = 'a'"
        plan = [str(step[-1]) for step in work.session.execute(text(question))]
    assert not [step for step in plan if step.startswith("SCAN")], plan
    assert post(steady, last.secret, MODEL).status_code == 200
    assert post(steady, f"jdk_{MANY:064x}", MODEL).status_code == 401


def test_a_body_without_end_is_refused_once_it_is_too_large(steady: Gateway) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 300:
            sent += 1
            yield b" " * 65_536

    headers = {"authorization": f"Bearer {steady.key().secret}"}
    try:
        answer = httpx.post(f"{steady.url}/chat/completions", content=endless(), headers=headers, timeout=30)
    except httpx.WriteError:
        return  # The connection was closed before all of it was sent, which is an answer as well.
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")

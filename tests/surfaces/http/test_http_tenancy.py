"""What another organisation has looks, at every endpoint, as what there is not."""

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from http_door import URL, Door
from httpx import ASGITransport, AsyncClient
from neighbours import Request, ids_of, ours, requests_with, same, settle, tables_with_ids

from support.desk import open_desk
from support.homes import copy_home
from support.scripted import call

WITHOUT_IDS = {"deployment"}
"""Deployments are known by their names, which are the organisation's own."""


@pytest.fixture
def door(made_home: Path, tmp_path: Path) -> Generator[Door]:
    refund = call("refund_order", order_id="SO-10007", amount=120, reason="broken lamp")
    with open_desk(copy_home(made_home, tmp_path / "home"), refund, "Refunded.") as desk:
        yield Door(desk)


def test_an_id_of_another_organisation_is_answered_as_one_that_does_not_exist(door: Door) -> None:
    values = ids_of(door, settle(door))
    document = door.client.get("/api/openapi.json").json()
    pairs = list(requests_with(document, values, ours(door)))
    reached = {(method, path.split("/")[2]) for (method, path, _, _), _, _, _ in pairs}
    assert {("GET", "runs"), ("POST", "runs"), ("PATCH", "teams"), ("GET", "approvals"), ("POST", "budgets")} <= reached
    assert {("GET", "policies"), ("POST", "policies")} <= reached
    assert asyncio.run(_differing(door, pairs)) == []


def test_the_test_above_has_an_id_of_every_table(door: Door) -> None:
    values = ids_of(door, settle(door))
    assert tables_with_ids().keys() - values.keys() == WITHOUT_IDS


async def _differing(door: Door, pairs: list[tuple[Request, Request, str, tuple[str, str]]]) -> list[Any]:
    found: list[Any] = []
    headers = door.as_("manager")
    async with AsyncClient(transport=ASGITransport(door.app), base_url=URL, headers=headers) as client:
        for theirs, nobodies, value, words in pairs:
            answers = [
                await _answer(client, theirs, value, words[0]),
                await _answer(client, nobodies, value, words[1]),
            ]
            if answers[0] != answers[1]:
                found.append((theirs, *answers))
    return found


async def _answer(client: AsyncClient, request: Request, value: str, word: str) -> tuple[int, str]:
    method, path, query, body = request
    answer = await client.request(method, path, params=query, json=body)
    return answer.status_code, same(answer.text, value, word)

"""An organisation's own system is told of its approvals, and of nothing that its administrators may not see."""

import base64
import hashlib
import hmac
import json
from collections.abc import Generator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from jindou.agents.webhooks import Destination, NewWebhook, NotDelivered, Webhook, WebhookSecret, post
from jindou.agents.webhooks.tables import WebhookRow
from jindou.cloud.secrets import SecretMissing
from jindou.cloud.secrets.tables import SecretRow
from jindou.errors import Forbidden, Invalid
from support.dawdling import one_that_dawdles
from support.desk import ORDER, Desk, open_desk
from support.inbox import Inbox, open_inbox
from support.scripted import call

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
ASK = f"Refund 120 on {ORDER}, broken lamp"


@pytest.fixture
def inbox() -> Generator[Inbox]:
    with open_inbox() as inbox:
        yield inbox


@pytest.fixture
def desk(home: Path) -> Generator[Desk]:
    with open_desk(home, LARGE, "That is that.", approval_webhook_private=True) as desk:
        yield desk


def put(desk: Desk, url: str) -> WebhookSecret:
    return desk.platform.webhooks.put(desk.manager, NewWebhook(url=url))


def deliver(desk: Desk) -> int:
    done = 0
    while True:
        with desk.platform.database.writing(None) as work:
            lease = desk.platform.queue.claim(work, ("approval.webhook",))
        if lease is None:
            return done
        desk.platform.approvals.deliver(desk.platform.database, lease)
        done += 1


def test_it_is_told_what_there_is_to_decide_and_nothing_that_was_said(desk: Desk, inbox: Inbox) -> None:
    made = put(desk, inbox.url)
    desk.ask(ASK)
    (approval,) = desk.inbox()
    assert deliver(desk) == 1
    desk.approve(approval.id)
    assert deliver(desk) == 1
    messages: list[dict[str, Any]] = [json.loads(body) for _, body in inbox.got]
    assert [one["type"] for one in messages] == ["approval.requested", "approval.decided"]
    assert messages[1]["data"]["approval"]["status"] == "approved"
    assert messages[0]["data"]["url"].endswith(f"/approvals/{approval.id}")
    told = str(messages)
    assert "broken lamp" not in told
    assert ORDER not in told
    assert "token=" not in told
    assert not {"arguments", "changes", "origins", "message", "rules"} & messages[0]["data"]["approval"].keys()
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    for headers, body in inbox.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"


def test_one_organisation_is_not_told_of_anothers_and_the_operators_system_is_told_besides(
    home: Path, inbox: Inbox
) -> None:
    with open_desk(home, LARGE, approval_webhook_private=True, approval_webhook_url=inbox.url) as desk:
        with desk.platform.database.writing(None) as work:
            work.session.add(
                WebhookRow(org_id="org_2", url=f"{inbox.url}2", changed_by_name="x", changed_at=work.now())
            )
        desk.ask(ASK)
        assert deliver(desk) == 1
        put(desk, inbox.url)
        desk.approve(desk.inbox()[0].id)
        assert deliver(desk) == 2
    own = [headers["webhook-id"].endswith(":own") for headers, _ in inbox.got]
    assert sorted(own) == [False, False, True]
    assert len({headers["webhook-id"] for headers, _ in inbox.got}) == 3


def test_a_system_that_took_long_to_fail_takes_no_second_turn_before_others_had_theirs(
    home: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_desk(home, LARGE, LARGE, approval_webhook_private=True, approval_webhook_url=inbox.url) as desk:
        put(desk, "http://127.0.0.1:9/")
        asked: list[str] = []

        def slow(destination: Destination, *_: object) -> None:
            asked.append(destination.url)
            if destination.url != inbox.url:
                desk.clock.move(timedelta(seconds=5))
                raise NotDelivered("It dawdles.")

        monkeypatch.setattr("jindou.agents.approvals.webhook.post", slow)
        for _ in range(2):
            desk.ask(ASK)
        for _ in range(4):
            with suppress(NotDelivered):
                deliver(desk)
        assert sorted(asked) == sorted([inbox.url, inbox.url, "http://127.0.0.1:9/"])
        desk.clock.move(timedelta(seconds=30))
        with pytest.raises(NotDelivered):
            deliver(desk)
        assert asked[-1] == "http://127.0.0.1:9/"


def test_a_new_address_has_a_new_secret_which_is_in_no_list_and_a_removed_one_is_told_no_more(
    desk: Desk, inbox: Inbox
) -> None:
    first, second = put(desk, inbox.url), put(desk, inbox.url)
    assert first.secret != second.secret
    with desk.platform.database.reading(desk.manager.org_id) as work:
        (listed,) = desk.platform.webhooks.list_webhooks(work, desk.manager)
        assert desk.platform.secrets.list_secrets(work, desk.manager) == []
        rows = work.session.scalars(select(SecretRow)).all()
    assert not hasattr(listed, "secret")
    assert second.secret.encode() not in b"".join(row.sealed for row in rows)
    assert all("whsec_" not in str(event) for event in desk.audited())
    desk.ask(ASK)
    with desk.platform.database.writing(desk.manager.org_id) as work:
        desk.platform.webhooks.remove(work, desk.manager)
        desk.platform.webhooks.remove(work, desk.manager)
    assert deliver(desk) == 1
    assert inbox.got == []
    with pytest.raises(SecretMissing):
        desk.platform.secrets.held(desk.manager.org_id, "webhook", "webhook-secret")
    actions = [action for action, _, _ in desk.audited()]
    assert [action for action in actions if action.startswith("webhooks::")] == [
        "webhooks::put",
        "webhooks::put",
        "webhooks::remove",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://tickets.acme.example/",
        "ftp://tickets.acme.example/",
        "https://",
        "https://user:word@tickets.acme.example/",
        "https://[::1/",
        "https://tickets.acme.example:99999/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_to_tell_is_refused(home: Path, url: str) -> None:
    with open_desk(home, "Hello.") as desk, pytest.raises(Invalid) as refused:
        put(desk, url)
    assert refused.value.field == "url"


@pytest.mark.parametrize("url", ["", "https://a b", "https://\u00e9", "https://a\n", "x" * 1001])
def test_what_is_no_text_for_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        NewWebhook(url=url)


def test_an_address_in_a_private_network_is_not_reached_unless_the_operator_lets_it(home: Path, inbox: Inbox) -> None:
    with open_desk(home, LARGE) as desk:
        put(desk, inbox.url.replace("http:", "https:"))
        desk.ask(ASK)
        with pytest.raises(NotDelivered, match="private"):
            deliver(desk)
    assert inbox.got == []


def listed(desk: Desk) -> Webhook:
    with desk.platform.database.reading(desk.manager.org_id) as work:
        (webhook,) = desk.platform.webhooks.list_webhooks(work, desk.manager)
    return webhook


def test_it_is_told_whether_it_takes_what_it_is_told_since_when_not_and_why(desk: Desk, inbox: Inbox) -> None:
    put(desk, inbox.url)
    assert (listed(desk).delivered_at, listed(desk).failing_since, listed(desk).waiting) == (None, None, 0)
    desk.ask(ASK)
    assert (listed(desk).waiting, listed(desk).next_try_at) == (1, None)
    inbox.status = 503
    with pytest.raises(NotDelivered):
        deliver(desk)
    began = desk.clock.now()
    desk.approve(desk.inbox()[0].id)
    desk.clock.move(timedelta(minutes=1))
    with pytest.raises(NotDelivered):
        deliver(desk)
    failing = listed(desk)
    assert (failing.delivered_at, failing.failing_since) == (None, began)
    assert (failing.error, failing.waiting) == ("127.0.0.1 answered 503.", 2)
    assert failing.next_try_at is not None
    inbox.status = 200
    desk.clock.move(timedelta(hours=1))
    with desk.platform.database.writing(None) as work:
        desk.platform.queue.recover(work)
    assert deliver(desk) == 2
    well = listed(desk)
    assert (well.delivered_at, well.failing_since, well.error) == (desk.clock.now(), None, "")
    assert (well.waiting, well.next_try_at) == (0, None)


def test_what_is_told_of_a_failure_is_one_short_line_about_the_address_that_there_is(desk: Desk, inbox: Inbox) -> None:
    webhooks = desk.platform.webhooks
    put(desk, inbox.url)
    with desk.platform.database.writing(desk.manager.org_id) as work:
        webhooks.note(work, "https://earlier.example/", "gone")
    assert listed(desk).failing_since is None
    with desk.platform.database.writing(desk.manager.org_id) as work:
        webhooks.note(work, inbox.url, "odd\n\x1b[2J " + "x" * 1000)
    assert listed(desk).error.startswith("odd [2J x")
    assert len(listed(desk).error) == 300
    put(desk, inbox.url)
    assert (listed(desk).failing_since, listed(desk).error) == (None, "")


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example"])
def test_what_is_no_name_of_a_host_is_told_as_any_failure(desk: Desk, host: str) -> None:
    put(desk, f"http://{host}/")
    desk.ask(ASK)
    with pytest.raises(NotDelivered, match=host):
        deliver(desk)
    assert f"{host} can't be reached" in listed(desk).error


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX-Odd: a\r\nX-"])
def test_one_that_answers_a_letter_at_a_time_keeps_no_other_waiting_and_has_taken_nothing(first: bytes) -> None:
    with one_that_dawdles(first) as port, pytest.raises(NotDelivered, match="timed out"):
        post(Destination(f"http://127.0.0.1:{port}/", private=True), b"{}", {}, seconds=0.2)


def test_only_administrators_say_where(desk: Desk, inbox: Inbox) -> None:
    webhooks = desk.platform.webhooks
    for who in (desk.clerk, desk.finance):
        assert not webhooks.may_manage(who)
        with pytest.raises(Forbidden, match="default-deny"):
            webhooks.put(who, NewWebhook(url=inbox.url))
        with desk.platform.database.writing(who.org_id) as work:
            for verb in (webhooks.list_webhooks, webhooks.remove):
                with pytest.raises(Forbidden):
                    verb(work, who)

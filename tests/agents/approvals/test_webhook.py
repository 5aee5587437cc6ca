"""Another system is told of approvals: signed, tried again, and only where the operator lets it be."""

import base64
import hashlib
import hmac
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from jindou.agents.approvals import Verdict
from jindou.agents.webhooks import Destination, NotDelivered, post
from jindou.errors import Invalid
from support.desk import ORDER, Desk, open_desk
from support.inbox import Inbox, open_inbox
from support.scripted import call

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
HUGE = call("refund_order", order_id="SO-10120", amount=5500, reason="wrong lamps")
ASK = f"Refund 120 on {ORDER}, broken lamp"


@pytest.fixture
def outside() -> Generator[Inbox]:
    with open_inbox() as inbox:
        yield inbox


@contextmanager
def told(home: Path, outside: Inbox, *, links: bool = False, private: bool = True) -> Generator[Desk]:
    url = outside.url if private else outside.url.replace("http:", "https:")
    with open_desk(
        home,
        LARGE,
        "That is that.",
        approval_webhook_url=url,
        approval_webhook_links=links,
        approval_webhook_private=private,
    ) as desk:
        yield desk


def deliver(desk: Desk) -> int:
    """Do what the queue has for the webhook now; return how much that was."""
    done = 0
    while True:
        with desk.platform.database.writing(None) as work:
            lease = desk.platform.queue.claim(work, ("approval.webhook",))
        if lease is None:
            return done
        desk.platform.approvals.deliver(desk.platform.database, lease)
        done += 1


def test_it_is_told_of_what_is_asked_and_of_what_is_decided_and_can_check_who_tells(home: Path, outside: Inbox) -> None:
    with told(home, outside) as desk:
        desk.ask(ASK)
        approval = desk.inbox()[0]
        assert deliver(desk) == 1
        desk.approve(approval.id)
        assert deliver(desk) == 1
        asked, decided = outside.messages()
        assert (asked["type"], decided["type"]) == ("approval.requested", "approval.decided")
        assert asked["data"]["approval"]["arguments_hash"] == approval.arguments_hash
        assert decided["data"]["approval"]["status"] == "approved"
        assert asked["data"]["links"] == []
        secret = (home / "secrets" / "webhook.key").read_text()
        key = base64.b64decode(secret.removeprefix("whsec_"))
        for headers, body in outside.got:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{expected}"
        assert outside.got[0][0]["webhook-id"] == f"{approval.id}:requested"


@pytest.mark.parametrize("status", [500, 404, 307])
def test_what_is_not_taken_is_told_again_as_the_same_message_and_no_run_waits(
    home: Path, outside: Inbox, status: int
) -> None:
    with told(home, outside) as desk:
        run = desk.ask(ASK)
        outside.status = status
        with pytest.raises(NotDelivered, match=str(status)):
            deliver(desk)
        desk.approve(desk.inbox()[0].id)
        assert desk.move_on(run.id).status == "done"
        outside.status = 200
        desk.clock.move(timedelta(minutes=2))
        assert deliver(desk) == 2
        ids = [headers["webhook-id"] for headers, _ in outside.got]
        assert len(ids) == 3
        assert ids.count(ids[0]) == 2


def test_a_message_brings_links_with_which_a_decision_comes_back(home: Path, outside: Inbox) -> None:
    with told(home, outside, links=True) as desk:
        run = desk.ask(ASK)
        deliver(desk)
        (message,) = outside.messages()
        assert [link["person_name"] for link in message["data"]["links"]] == ["Marta Lindqvist", "周敏"]
        links = desk.platform.approvals.links
        claim = links.read(message["data"]["links"][1]["url"].rpartition("/")[2], desk.clock)
        with desk.platform.database.writing(claim.org_id) as work:
            decided = links.decide(work, claim, Verdict(decision="approve"))
        assert (decided.status, decided.decided_by_name) == ("approved", "周敏")
        assert desk.move_on(run.id).status == "done"


def test_where_two_people_must_approve_a_message_has_no_links(home: Path, outside: Inbox) -> None:
    with told(home, outside, links=True) as desk:
        desk.let_say(HUGE)
        desk.ask("Refund 5500 on SO-10120, wrong lamps")
        deliver(desk)
        assert [message["data"]["links"] for message in outside.messages()] == [[]]


def test_an_address_of_this_machine_is_not_reached_unless_the_operator_lets_it(home: Path, outside: Inbox) -> None:
    with told(home, outside, private=False) as desk:
        desk.ask(ASK)
        with pytest.raises(NotDelivered, match="private network"):
            deliver(desk)
        assert outside.got == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[::]"),
        *("[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1"),
    ],
)
def test_no_address_that_is_not_public_is_reached(host: str) -> None:
    with pytest.raises(NotDelivered, match="private network"):
        post(Destination(f"https://{host}/", private=False), b"", {})


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://example.com/", "https://", "https://u:p@example.com/", "x"]
)
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        Destination(url, private=False).check("approval_webhook_url")
    assert refused.value.field == "approval_webhook_url"


def test_nobody_is_told_unless_the_operator_says_so(home: Path) -> None:
    with open_desk(home, LARGE) as desk:
        desk.ask(ASK)
        assert deliver(desk) == 0

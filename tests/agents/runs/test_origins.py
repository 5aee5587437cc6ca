"""Where an argument comes from is found in the journal, whatever the model says."""

from collections.abc import Generator
from pathlib import Path

import pytest

from support.desk import Desk, open_desk
from support.scripted import call


@pytest.fixture
def desk(home: Path) -> Generator[Desk]:
    with open_desk(home) as desk:
        desk.let_ask("always")
        yield desk


def origins(desk: Desk, message: str, *texts: str) -> dict[str, tuple[str, int | None]]:
    desk.let_say(*texts)
    run = desk.ask(message)
    assert run.status == "waiting", run
    (approval,) = desk.inbox(status="waiting")
    return {name: (origin.source, origin.step) for name, origin in approval.origins.items()}


@pytest.mark.parametrize(
    "message",
    [
        "Refund 30 on SO-10007: broken lamp",
        "refund ¥30 for so 10007, BROKEN  LAMP!",
        "#SO-10007 退款三十元，broken lamp",
    ],
)
def test_what_the_person_wrote_is_theirs_in_whatever_form(desk: Desk, message: str) -> None:
    asked = call("refund_order", order_id="SO-10007", amount=30, reason="broken lamp")
    assert origins(desk, message, asked) == dict.fromkeys(("order_id", "amount", "reason"), ("person", None))


def test_what_a_tool_told_is_the_tools_and_what_stands_nowhere_is_the_models(desk: Desk) -> None:
    text = "I only unpacked the desk lamp this week: the shade is broken. Please help."
    look = call("get_order", order_id="SO-10007")
    found = origins(desk, "Answer the ticket of SO-10007", look, call("draft_reply", order_id="SO-10007", text=text))
    assert found == {"order_id": ("person", None), "text": ("tool", 2)}


def test_what_stands_in_a_companys_own_record_is_called_that(desk: Desk) -> None:
    look = call("find_customer", query="Anna Müller")
    orders = call("list_orders", customer_id="C-1007", status="any")
    move = call("change_address", order_id="SO-10975", address="Somewhere 1, Berlin")
    found = origins(desk, "Anna Müller has moved to Somewhere 1, Berlin, change her unsent order", look, orders, move)
    assert found == {"order_id": ("record", 4), "address": ("person", None)}


def test_a_part_of_a_longer_number_or_word_is_not_it(desk: Desk) -> None:
    asked = call("refund_order", order_id="SO-10007", amount=30, reason="lamp")
    found = origins(desk, "Refund 30 on SO-10007, lamps", asked)
    assert found == {"order_id": ("person", None), "amount": ("person", None), "reason": ("model", None)}

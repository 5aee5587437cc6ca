import json
import math
from typing import Any

import jsonschema
import pytest
from sqlalchemy import Connection, Engine, event

from jindou.agents.tools import ToolError
from jindou.packs.contract import OpenPack
from packs.ecommerce.shop_desk import Desk

Arguments = dict[str, Any]


def _answer(desk: Desk, name: str, /, **arguments: Any) -> dict[str, Any]:
    return desk.ask(name, **arguments).model_dump()


def test_the_tools_have_their_risk_and_titles_in_both_languages(opened: OpenPack) -> None:
    assert {tool.name: tool.risk for tool in opened.tools} == {
        "find_customer": "read",
        "get_order": "read",
        "list_orders": "read",
        "get_shipment": "read",
        "check_stock": "read",
        "refund_order": "money",
        "change_address": "write",
        "draft_reply": "write",
        "restore_address": "write",
        "discard_draft": "write",
    }
    assert all(tool.title["en"] and tool.title["zh"] for tool in opened.tools)


def test_the_schemas_are_small_and_plain(opened: OpenPack) -> None:
    for tool in opened.tools:
        schema = tool.schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        text = json.dumps(schema)
        assert "$ref" not in text
        assert "anyOf" not in text
        assert len(text) + len(tool.description) < 600
        assert all(part["type"] in {"string", "number"} for part in schema["properties"].values())


@pytest.mark.parametrize("query", ["Anna Müller", "anna mueller", "MULLER anna", "anna.mueller@example.com", "c-1007"])
def test_a_customer_is_found_however_the_name_is_written(desk: Desk, query: str) -> None:
    if query == "anna mueller":
        query = "anna.mueller"
    found = _answer(desk, "find_customer", query=query)["customers"]
    assert "C-1007" in [customer["customer_id"] for customer in found]


def test_a_chinese_name_and_its_pinyin_find_the_same_customer(desk: Desk) -> None:
    by_name = _answer(desk, "find_customer", query="王芳")["customers"]
    by_pinyin = _answer(desk, "find_customer", query="wang.fang")["customers"]
    assert by_name[0]["customer_id"] == by_pinyin[0]["customer_id"] == "C-1042"


def test_a_long_list_of_customers_is_cut_and_says_how_many_more(desk: Desk) -> None:
    answer = _answer(desk, "find_customer", query="上海")
    assert len(answer["customers"]) == 6
    assert answer["more"] > 0


def test_a_search_for_nobody_gives_an_empty_list(desk: Desk) -> None:
    assert _answer(desk, "find_customer", query="100% _nobody_") == {"customers": [], "more": 0}


@pytest.mark.parametrize("written", ["SO-10007", "so-10007", "so 10007", "10007", "#10007", "ＳＯ－１０００７"])
def test_an_order_number_is_understood_in_every_usual_form(desk: Desk, written: str) -> None:
    order = _answer(desk, "get_order", order_id=written)
    assert order["order_id"] == "SO-10007"
    assert order["total"] == order["refundable"] == "389.00 CNY"
    assert order["customer"] == "Anna Müller"
    assert "Lamp arrived broken" in order["open_tickets"][0]
    assert order["items"] == [
        {"sku": "DL-01-BR", "name": "Aurora desk lamp, brass / 极光台灯 黄铜", "quantity": 1, "price": "389.00 CNY"}
    ]


@pytest.mark.parametrize("name", ["get_order", "get_shipment", "refund_order", "change_address", "draft_reply"])
def test_an_unknown_order_is_told_to_the_model(desk: Desk, name: str) -> None:
    more: Arguments = {
        "refund_order": {"amount": 1, "reason": "x"},
        "change_address": {"address": "x"},
        "draft_reply": {"text": "x"},
    }.get(name, {})
    with pytest.raises(ToolError, match="There is no order SO-99999"):
        desk.ask(name, order_id="SO-99999", **more)


def test_the_orders_of_a_customer_come_newest_first(desk: Desk) -> None:
    orders = _answer(desk, "list_orders", customer_id="c1042")["orders"]
    assert orders[0]["order_id"] == "SO-10962"
    assert {order["customer_id"] for order in orders} == {"C-1042"}
    assert [order["placed"] for order in orders] == sorted((order["placed"] for order in orders), reverse=True)


def test_orders_by_status_are_cut_and_say_how_many_more(desk: Desk) -> None:
    answer = _answer(desk, "list_orders", status="delivered")
    assert {order["status"] for order in answer["orders"]} == {"delivered"}
    assert len(answer["orders"]) + answer["more"] > 500


def test_an_unknown_status_or_customer_is_told_to_the_model(desk: Desk) -> None:
    with pytest.raises(ToolError, match="`status`"):
        desk.ask("list_orders", status="lost")
    with pytest.raises(ToolError, match="no customer number C-9999"):
        desk.ask("list_orders", customer_id="C-9999")


def test_a_parcel_on_its_way_and_an_order_not_sent_yet_are_told_apart(desk: Desk) -> None:
    sent = _answer(desk, "get_shipment", order_id="SO-10871")
    assert (sent["status"], sent["shipment_id"], sent["delivered"]) == ("on its way", "SH-30871", "not yet")
    waiting = _answer(desk, "get_shipment", order_id="SO-10962")
    assert (waiting["status"], waiting["tracking"]) == ("not sent yet", "none")


@pytest.mark.parametrize("query", ["DL-01-BR", "dl-01-br", "brass Aurora desk lamps", "极光台灯 黄铜", "黄铜极光台灯"])
def test_stock_is_found_by_code_and_by_name_in_both_languages(desk: Desk, query: str) -> None:
    best = _answer(desk, "check_stock", query=query)["items"][0]
    assert (best["sku"], best["stock"], best["shelf"]) == ("DL-01-BR", 17, "A1-1")


def test_goods_that_the_shop_does_not_have_are_not_made_up(desk: Desk) -> None:
    assert _answer(desk, "check_stock", query="submarine")["items"] == []
    assert _answer(desk, "check_stock", query="？！")["items"] == []


def test_stock_says_nothing_about_prices(desk: Desk) -> None:
    assert "CNY" not in desk.ask("check_stock", query="lamp").model_dump_json()


def test_a_refund_is_counted_on_top_of_those_before(desk: Desk) -> None:
    assert _answer(desk, "refund_order", order_id="SO-10518", amount=18.8, reason="scratch") == {
        "order_id": "SO-10518",
        "refunded": "18.80 CNY",
        "refunded_total": "48.80 CNY",
    }


def test_the_facts_of_a_refund_are_in_micro_units(desk: Desk) -> None:
    assert desk.facts("refund_order", order_id="SO-10518", amount=25.5, reason="scratch") == {
        "amount": 25_500_000,
        "refunded_before": 30_000_000,
        "refunded_total": 55_500_000,
        "payable_rest": 649_000_000,
    }
    assert set(desk.tools["refund_order"].facts_type) == set(
        desk.facts("refund_order", order_id="SO-10518", amount=25.5, reason="scratch")
    )


def test_the_preview_of_a_refund_shows_the_money_before_and_after(desk: Desk) -> None:
    refunded, kept, reason = desk.preview("refund_order", order_id="SO-10007", amount=120, reason="broken")
    assert (refunded.before, refunded.after) == ("0.00 CNY", "120.00 CNY")
    assert (kept.before, kept.after) == ("389.00 CNY", "269.00 CNY")
    assert reason.after == "broken"
    assert refunded.label["zh"] == "SO-10007 已退款"


@pytest.mark.parametrize("amount", [0, -5, math.nan, math.inf, 1.001, 1e9, True, "free", "", None, [5]])
def test_an_amount_that_is_none_is_refused_with_a_word_to_the_model(desk: Desk, amount: object) -> None:
    with pytest.raises(ToolError, match="`amount`"):
        desk.ask("refund_order", order_id="SO-10007", amount=amount, reason="broken")


def test_more_than_was_paid_is_never_refunded(desk: Desk) -> None:
    desk.ask("refund_order", order_id="SO-10007", amount=300, reason="broken")
    with pytest.raises(ToolError, match=r"89\.00 CNY left to refund .* 89\.01 CNY is too much"):
        desk.ask("refund_order", order_id="SO-10007", amount="89.01", reason="broken")
    desk.ask("refund_order", order_id="SO-10007", amount=89, reason="broken")
    assert _answer(desk, "get_order", order_id="SO-10007")["refundable"] == "0.00 CNY"


def test_an_unpaid_order_has_nothing_to_refund(desk: Desk) -> None:
    with pytest.raises(ToolError, match=r"0\.00 CNY left to refund"):
        desk.facts("refund_order", order_id="SO-10988", amount=1, reason="x")


def test_an_address_changes_and_the_preview_says_from_what(desk: Desk) -> None:
    (change,) = desk.preview("change_address", order_id="SO-10962", address=" 上海市徐汇区衡山路12号 ")
    assert (change.before, change.after) == ("上海市静安区南京西路88号", "上海市徐汇区衡山路12号")
    assert desk.facts("change_address", order_id="SO-10962", address="x") == {"shipped": False}
    desk.ask("change_address", order_id="SO-10962", address="上海市徐汇区衡山路12号")
    assert _answer(desk, "get_order", order_id="SO-10962")["address"] == "上海市徐汇区衡山路12号"


def test_the_address_of_a_sent_order_stays(desk: Desk) -> None:
    assert desk.facts("change_address", order_id="SO-10871", address="x") == {"shipped": True}
    with pytest.raises(ToolError, match="SO-10871 is shipped"):
        desk.ask("change_address", order_id="SO-10871", address="x")


@pytest.mark.parametrize("address", ["", "   ", "x" * 301])
def test_an_empty_or_endless_address_is_refused(desk: Desk, address: str) -> None:
    with pytest.raises(ToolError, match="1 to 300 characters"):
        desk.ask("change_address", order_id="SO-10962", address=address)


def test_a_draft_is_kept_with_the_open_ticket(desk: Desk) -> None:
    (change,) = desk.preview("draft_reply", order_id="SO-10007", text="We are sorry.")
    assert change.after == "We are sorry."
    first = _answer(desk, "draft_reply", order_id="SO-10007", text="We are sorry.")
    assert first == {"draft_id": "DR-9001", "order_id": "SO-10007", "ticket_id": "TK-7001", "text": "We are sorry."}
    assert _answer(desk, "draft_reply", order_id="SO-10962", text="Hello.")["ticket_id"] == "none"


def test_an_argument_that_no_tool_has_is_refused(desk: Desk) -> None:
    with pytest.raises(ToolError, match="`limit`"):
        desk.ask("get_order", order_id="SO-10007", limit=3)


@pytest.mark.parametrize("name", ["get_order", "get_shipment"])
def test_without_the_right_no_query_even_touches_the_customer(desk: Desk, name: str) -> None:
    queries: list[str] = []

    def executed(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        queries.append(statement)

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        desk.sees_customers = False
        blind = desk.ask(name, order_id="SO-10871").model_dump_json()
        without = " ".join(queries)
        desk.sees_customers = True
        seeing = desk.ask(name, order_id="SO-10871").model_dump_json()
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
    assert not any(word in without for word in ("customer", "phone", "address", "email"))
    assert "customer.name" in " ".join(queries)
    assert "陈静" in seeing
    assert not any(secret in blind for secret in ("陈静", "杭州", "190 0000", "C-1318"))


def test_without_the_right_nobody_is_found(desk: Desk) -> None:
    desk.sees_customers = False
    with pytest.raises(ToolError, match="may not see customers"):
        desk.ask("find_customer", query="C-1007")
    with pytest.raises(ToolError, match="may not see whose orders"):
        desk.ask("list_orders", customer_id="C-1007")


def test_without_the_right_orders_are_listed_without_their_customers(desk: Desk) -> None:
    seeing = _answer(desk, "list_orders", status="unpaid")
    desk.sees_customers = False
    blind = _answer(desk, "list_orders", status="unpaid")
    assert {order["customer_id"] for order in blind["orders"]} == {None}
    assert [order["order_id"] for order in blind["orders"]] == [order["order_id"] for order in seeing["orders"]]

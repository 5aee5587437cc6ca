"""Deciding, handing on and undoing in the console, as a browser without scripts does it."""

import re
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest
from console_site import Site, open_site, shop_script
from sqlalchemy import inspect, select
from strict_pages import is_strict, start_run, wait_for_rest

from jindou.agents.approvals import Approval
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.tools import Doorway
from jindou.agents.webhooks import NewWebhook
from jindou.surfaces.console.texts import LANGUAGES
from support.platform import as_person

SignIn = Callable[[str], httpx.Client]

IN_BOTH = pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Nobody approves a request of their own."), ("zh", "任何人都不能审批自己提出的请求。")],
)


def ask(site: Site) -> Approval:
    """Make a refund wait for the manager."""
    run_id = start_run(site, "clerk", "Refund 120 for SO-10234, a crack")
    manager = as_person(site.platform, "manager")
    with site.platform.database.reading(manager.org_id) as work:
        approvals = site.platform.approvals.list_approvals(work, manager, "waiting")
    return next(approval for approval in approvals if approval.run_id == run_id)


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    """A shop of each test's own: what one refunds, another can not."""
    with open_site(tmp_path, shop_script) as opened:
        yield opened


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_says_who_may_decide_where_values_come_from_and_what_it_may_cost(
    site: Site, visit: SignIn, language: str
) -> None:
    approval, client = ask(site), visit("manager")
    client.cookies.set("jindou_language", language)
    page = client.get(f"/approvals/{approval.id}")
    is_strict(page)
    for told in {
        "en": ("said by the person", "The rest, at most", "Marta Lindqvist · 周敏"),
        "zh": ("来自提问者", "剩余部分最多花费", "Marta Lindqvist · 周敏"),
    }[language]:
        assert told in page.text


@IN_BOTH
def test_a_refusal_says_in_the_viewers_language_what_the_rule_says(
    site: Site, visit: SignIn, language: str, told: str
) -> None:
    approval, client = ask(site), visit("clerk")
    client.cookies.set("jindou_language", language)
    refused = client.post(f"/approvals/{approval.id}", data={"decision": "approve"}, headers={"accept": "text/html"})
    assert refused.status_code == 403
    assert f'lang="{language}">{told}' in refused.text


def test_a_call_is_changed_in_plain_fields_and_approved(site: Site, visit: SignIn) -> None:
    approval, client = ask(site), visit("manager")
    path = f"/approvals/{approval.id}"
    fields = {"decision": "approve", "arguments_hash": approval.arguments_hash}
    names = ["order_id", "amount", "reason"]
    wrong = client.post(path, data={**fields, "name": names, "value": ["SO-10234", "-5", "a crack"]})
    assert wrong.status_code == 422
    is_strict(wrong)
    assert "the amount must be more than 0" in wrong.text
    done = client.post(path, data={**fields, "name": names, "value": ["SO-10234", "80.5", "a crack"]})
    assert done.status_code == 303
    shown = client.get(path).text
    assert "Marta Lindqvist changed this call" in shown
    assert "80.50 CNY" in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_that_breaks_its_tool_is_told_as_that_and_not_as_slow(
    site: Site, visit: SignIn, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    def break_(*_: object) -> None:
        raise ValueError("a bug")

    approval, client = ask(site), visit("manager")
    client.cookies.set("jindou_language", language)
    monkeypatch.setattr(Doorway, "preview", break_)
    changed = {"decision": "approve", "name": ["order_id", "amount", "reason"], "value": ["SO-10234", "80", "a crack"]}
    broken = client.post(f"/approvals/{approval.id}", data=changed)
    assert broken.status_code == 503
    assert {"en": "The tool broke", "zh": "工具出错了"}[language] in broken.text
    is_strict(broken)


def test_nothing_is_read_in_another_order_than_it_stands(site: Site, visit: SignIn) -> None:
    run_id = start_run(site, "clerk", "Refund 120 for SO-10234, \u202e021 ton\u202c and \u2067a crack\u2069")
    page = visit("clerk").get(f"/runs/{run_id}").text + visit("manager").get("/approvals").text
    assert page.count("\ufffd021 ton\ufffd and \ufffda crack\ufffd") > 1
    assert not set("\u202e\u202c\u2067\u2069") & set(page)


def test_a_form_that_shows_other_arguments_than_there_are_decides_nothing(site: Site, visit: SignIn) -> None:
    approval, client = ask(site), visit("manager")
    late = client.post(f"/approvals/{approval.id}", data={"decision": "approve", "arguments_hash": "0" * 64})
    assert late.status_code == 409
    assert "changed the arguments meanwhile" in late.text
    assert 'data-test="approve"' in late.text


def test_what_waits_stays_in_the_inbox_however_much_is_decided_after_it(site: Site, visit: SignIn) -> None:
    approval, client = ask(site), visit("manager")
    with site.platform.database.writing(as_person(site.platform, "manager").org_id) as work:
        row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id == approval.id)).one()
        values = {column.key: getattr(row, column.key) for column in inspect(ApprovalRow).column_attrs}
        for n in range(210):
            newer = {"id": f"apr_z{n:04}", "step_id": f"stp_z{n:04}", "status": "denied"}
            work.session.add(ApprovalRow(**{**values, **newer}))
    assert f'action="/approvals/{approval.id}"' in client.get("/approvals").text


def test_who_stood_in_is_named_with_whom_they_stood_in_for(site: Site, visit: SignIn) -> None:
    approval, warehouse = ask(site), visit("warehouse")
    assert visit("manager").post("/approvals/delegations", data={"to": "warehouse", "days": "2"}).status_code == 303
    path = f"/approvals/{approval.id}"
    warehouse.cookies.set("jindou_language", "en")
    assert warehouse.post(path, data={"decision": "approve"}).status_code == 303
    assert "Approved by 赵强 (for Marta Lindqvist)" in warehouse.get(path).text
    denied = f"/approvals/{ask(site).id}"
    assert warehouse.post(denied, data={"decision": "deny", "reason": "No."}).status_code == 303
    assert "Denied by 赵强 (for Marta Lindqvist)" in warehouse.get(denied).text
    assert warehouse.get("/approvals").text.count("赵强 (for Marta Lindqvist)") == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_has_changed_since_it_was_asked_is_shown_so_and_is_approved_as_it_is_now(
    site: Site, visit: SignIn, language: str
) -> None:
    first, second, client = ask(site), ask(site), visit("manager")
    client.cookies.set("jindou_language", language)
    assert client.get("/approvals").text.count('data-test="tick"') == 2
    decided = client.post(f"/approvals/{first.id}", data={"decision": "approve"})
    assert decided.status_code == 303
    wait_for_rest(site, "clerk", first.run_id)
    path = f"/approvals/{second.id}"
    for page in (client.get("/approvals"), client.get(path)):
        is_strict(page)
        assert 'data-test="now" data-state="moved"' in page.text
        assert {"en": "As it would be now", "zh": "现在的更改"}[language] in page.text
        assert 'data-test="approve"' not in page.text
        assert 'data-test="approve-now"' in page.text
        assert 'data-test="deny"' in page.text
        assert 'data-test="approve-changed"' in page.text
    late = client.post(path, data={"decision": "approve"})
    assert late.status_code == 409
    assert {"en": "Nothing was approved", "zh": "未批准"}[language] in late.text
    (seen,) = set(re.findall(r'name="facts_hash" value="(\w+)"', client.get(path).text))
    assert client.post(path, data={"decision": "approve", "facts_hash": seen}).status_code == 303
    wait_for_rest(site, "clerk", second.run_id)
    assert "120.00 CNY" in client.get(path).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_sees_that_a_webhook_fails_and_why(site: Site, visit: SignIn, language: str) -> None:
    manager, client = as_person(site.platform, "manager"), visit("manager")
    client.cookies.set("jindou_language", language)
    url = "https://tickets.acme.example/"
    site.platform.webhooks.put(manager, NewWebhook(url=url))
    assert 'data-test="failing"' not in client.get("/webhooks").text
    with site.platform.database.writing(manager.org_id) as work:
        site.platform.webhooks.note(work, url, "tickets.acme.example answered 503.")
    page = client.get("/webhooks")
    is_strict(page)
    told = {"en": "It takes nothing: ", "zh": "未接收通知："}[language]
    assert f"{told}tickets.acme.example answered 503." in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_like_calls_are_one_table_and_decided_by_one_press(site: Site, visit: SignIn, language: str) -> None:
    approvals, client = [ask(site) for _ in range(3)], visit("manager")
    client.cookies.set("jindou_language", language)
    inbox = client.get("/approvals")
    is_strict(inbox)
    assert inbox.text.count('data-test="tick"') == 3
    seen = [f"{one.id}:{one.arguments_hash}" for one in approvals]
    nothing = client.post("/approvals/decisions", data={"decision": "approve"})
    assert nothing.status_code == 422
    silent = client.post("/approvals/decisions", data={"decision": "deny", "approval": seen})
    assert silent.status_code == 422
    client.post(f"/approvals/{approvals[0].id}", data={"decision": "deny", "reason": "Not this one."})
    told = client.post("/approvals/decisions", data={"decision": "approve", "approval": seen})
    is_strict(told)
    outcomes = told.text.partition('data-test="outcomes"')[2].partition("</article>")[0]
    assert outcomes.count('data-status="approved"') == 2
    assert {"en": "it is denied", "zh": "此请求已被处理、已过期，或您的审批权已用过。"}[language] in outcomes


@IN_BOTH
def test_of_each_of_many_it_is_said_in_the_viewers_language_why_a_rule_refuses(
    site: Site, visit: SignIn, language: str, told: str
) -> None:
    approval, client = ask(site), visit("clerk")
    client.cookies.set("jindou_language", language)
    seen = f"{approval.id}:{approval.arguments_hash}"
    page = client.post("/approvals/decisions", data={"decision": "approve", "approval": seen})
    is_strict(page)
    assert f'<span class="trouble">{told} [jindou.no-self-approval]</span>' in page.text


def test_of_each_of_many_it_is_said_in_chinese_what_stands_in_the_way(site: Site, visit: SignIn) -> None:
    approval, client = ask(site), visit("manager")
    client.cookies.set("jindou_language", "zh")

    def decide(*seen: str) -> list[str]:
        page = client.post("/approvals/decisions", data={"decision": "approve", "approval": [*seen]})
        is_strict(page)
        return re.findall(r'<span class="trouble"[^>]*>.*?</span>', page.text)

    assert decide(f"{approval.id}:{'0' * 64}", "apr_0:x") == [
        '<span class="trouble">参数已被他人修改，请查看后再决定。</span>',
        '<span class="trouble" lang="en">There is no such approval.</span>',
    ]


def test_a_right_is_handed_on_and_taken_back(site: Site, visit: SignIn) -> None:
    approval, manager, warehouse = ask(site), visit("manager"), visit("warehouse")
    assert warehouse.get(f"/approvals/{approval.id}").status_code == 404
    assert manager.post("/approvals/delegations", data={"to": "warehouse", "days": "2"}).status_code == 303
    inbox = manager.get("/approvals")
    is_strict(inbox)
    assert "赵强 may decide for you" in inbox.text
    assert warehouse.get(f"/approvals/{approval.id}").status_code == 200
    taken = re.search(r"/approvals/delegations/(dlg_\w+)/revocation", inbox.text)
    assert taken is not None
    assert manager.post(taken.group()).status_code == 303
    assert warehouse.get(f"/approvals/{approval.id}").status_code == 404
    assert warehouse.post("/approvals/delegations", data={"to": "clerk", "days": "2"}).status_code == 403
    assert manager.post("/approvals/delegations", data={"to": "manager", "days": "2"}).status_code == 422


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_undo_says_first_what_it_can_not_do(site: Site, visit: SignIn, language: str) -> None:
    run_id, client = start_run(site, "clerk", "Refund 1.5 for SO-10007"), visit("clerk")
    client.cookies.set("jindou_language", language)
    assert f"/runs/{run_id}/undo" in client.get(f"/runs/{run_id}").text
    page = client.get(f"/runs/{run_id}/undo")
    is_strict(page)
    assert 'data-outcome="cannot"' in page.text
    assert {"en": "can&#39;t be called back", "zh": "无法追回"}[language] in page.text
    assert 'data-test="undo"' not in page.text
    assert client.post(f"/runs/{run_id}/undo").status_code == 409


def test_undoing_shows_the_run_that_does_it(site: Site, visit: SignIn) -> None:
    run_id, client = start_run(site, "clerk", "Move SO-10962"), visit("clerk")
    page = client.get(f"/runs/{run_id}/undo")
    assert 'data-outcome="can"' in page.text
    begun = client.post(f"/runs/{run_id}/undo")
    assert begun.status_code == 303
    undo = begun.headers["location"]
    assert f"/runs/{run_id}" in client.get(undo).text
    wait_for_rest(site, "clerk", undo.rpartition("/")[2])
    undone = client.get(f"/runs/{run_id}").text
    assert f'<a href="{undo}" data-test="undone-by">' in undone
    assert 'data-test="undo-link"' not in undone
    assert visit("manager").get(f"/runs/{run_id}/undo").status_code == 404


def link_of(site: Site, visit: SignIn, approval: Approval) -> str:
    """Make a link for the manager, and return its path."""
    manager = as_person(site.platform, "manager")
    assert visit("manager").get(f"/approvals/{approval.id}").status_code == 200
    with site.platform.database.writing(manager.org_id) as work:
        return f"/approvals/links/{site.platform.approvals.links.create(work, manager, approval.id).token}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_shows_the_call_to_nobody_in_particular_and_decides_by_a_press(
    site: Site, visit: SignIn, language: str
) -> None:
    approval = ask(site)
    path = link_of(site, visit, approval)
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=30) as nobody:
        nobody.cookies.set("jindou_language", language)
        for _ in range(2):
            page = nobody.get(path)
            assert page.status_code == 200
            is_strict(page)
            assert f'action="{path}"' in page.text
            assert 'data-test="change"' not in page.text
            assert "Marta Lindqvist" in page.text.partition('data-test="whose"')[2].partition("</p>")[0]
        silent = nobody.post(path, data={"decision": "deny"})
        assert silent.status_code == 422
        done = nobody.post(path, data={"decision": "deny", "reason": "Too much."})
        is_strict(done)
        assert 'data-status="denied"' in done.text
        for answer in (nobody.get(path), nobody.post(path, data={"decision": "approve"}), nobody.get(f"{path}x")):
            assert answer.status_code == 401
            is_strict(answer)
        assert {"en": "decides nothing any more", "zh": "此链接已失效"}[language] in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_is_open_hears_that_somebody_else_has_decided(site: Site, visit: SignIn, language: str) -> None:
    approval, client = ask(site), visit("manager")
    client.cookies.set("jindou_language", language)
    path = f"/approvals/{approval.id}"
    found = re.search(rf'hx-get="({path}/news\?seen=[^"]+)"', client.get(path).text)
    assert found is not None
    assert client.get(found[1]).status_code == 204
    assert client.post(path, data={"decision": "deny", "reason": "No."}).status_code == 303
    news = client.get(found[1])
    assert news.status_code == 286
    assert {"en": "has changed", "zh": "已有变化"}[language] in news.text
    assert f'href="{path}"' in news.text
    assert "hx-get" not in client.get(path).text.partition("<main")[2]
    assert visit("clerk").get(f"{path[:-1]}x/news").status_code == 404

"""The playground in a real browser, against the real application and a scripted model."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from console_site import Site
from playwright.sync_api import Locator, Page, expect

from jindou.billing.budgets import BudgetAsk
from jindou.billing.usage import Statement
from jindou.identity.keys import KeyAsk
from jindou.models.deployments import DeploymentAsk, Member
from support.platform import MODEL, as_person
from support.waiting import wait_for

SitDown = Callable[..., Any]


@pytest.fixture
def at_playground(at_browser: SitDown) -> SitDown:
    """A way to sit somebody down at the playground."""

    def sit_down(handle: str = "clerk", **how: Any) -> Any:
        visitor = at_browser(handle, **how)
        visitor.open("/playground")
        visitor.page.wait_for_selector("[data-test=ask]:enabled")
        return visitor

    return sit_down


@pytest.fixture(scope="module")
def other(site: Site) -> str:
    """A second name for the model, so that there is something to compare with."""
    manager = as_person(site.platform, "manager")
    with site.platform.database.writing(manager.org_id) as work:
        ask = DeploymentAsk(name="another", members=(Member(model=MODEL),))
        return site.platform.deployments.create(work, manager, ask).name


def ask(visitor: Any, text: str) -> None:
    visitor.page.fill("[data-test=ask]", text)
    visitor.page.press("[data-test=ask]", "Control+Enter")


def last(visitor: Any, status: str = "done") -> Locator:
    """Return the last turn's answer, once it is at that."""
    answer = visitor.page.locator(f"[data-test=turn]:last-child [data-test=answer][data-status={status}]")
    answer.last.wait_for()
    return answer


def bill(site: Site) -> Statement:
    manager = as_person(site.platform, "manager")
    with site.platform.database.reading(manager.org_id) as work:
        return site.platform.usage.statement(work, manager)


def code(visitor: Any, kind: str) -> str:
    """Return what the sheet shows, with the sheet closed again."""
    visitor.page.click("[data-test=code]")
    visitor.page.click(f"[data-kind={kind}]")
    shown: str = visitor.page.locator("[data-test=snippet]").text_content()
    visitor.page.keyboard.press("Escape")
    return shown


def test_an_answer_shows_its_words_and_what_it_took(at_playground: SitDown, site: Site) -> None:
    clerk = at_playground()
    page: Page = clerk.page
    before = bill(site).events
    ask(clerk, "Good morning")
    answer = last(clerk)
    assert answer.locator("[data-test=words]").inner_text() == "Hello, what should be done?"
    figures = answer.locator("[data-test=figures]").inner_text()
    for told in ("by itself", "Input", "Cached", "Output", "CNY", "First token", "tokens/s"):
        assert told in figures
    seen = bill(site)
    assert seen.events == before + 1
    assert f"{seen.latest[0].cost.decimal()} CNY" in figures
    expect(page.locator("[role=status]")).to_contain_text(f"{MODEL} has answered")
    assert clerk.page.input_value("[data-test=ask]") == ""


def test_the_next_message_goes_with_those_before_it(at_playground: SitDown) -> None:
    clerk = at_playground()
    clerk.page.fill("#f-system", "Be brief")
    ask(clerk, "Good morning")
    last(clerk)
    ask(clerk, "And now?")
    clerk.page.wait_for_selector("[data-test=turn]:nth-child(2) [data-status=done]")
    sent = code(clerk, "curl")
    messages = json.loads(sent[sent.index("{") : sent.rindex("}") + 1])["messages"]
    assert [(of["role"], of["content"]) for of in messages] == [
        ("system", "Be brief"),
        ("user", "Good morning"),
        ("assistant", "Hello, what should be done?"),
        ("user", "And now?"),
    ]


def test_two_models_answer_side_by_side_and_keep_apart_what_they_said(at_playground: SitDown, other: str) -> None:
    clerk = at_playground()
    clerk.page.click("[data-test=compare]")
    clerk.page.select_option("[data-test=model-0]", MODEL)
    clerk.page.select_option("[data-test=model-1]", other)
    ask(clerk, "Good morning")
    for model in (MODEL, other):
        clerk.page.wait_for_selector(f"[data-test=answer][data-model='{model}'][data-status=done]")
    assert clerk.page.locator("[data-test=figures]:visible").count() == 2
    clerk.page.get_by_role("button", name="Ask one model only").click()
    ask(clerk, "And now?")
    last(clerk)
    assert clerk.page.locator("[data-test=turn]:last-child [data-test=answer]").count() == 1


def test_stop_breaks_the_request_off_and_the_server_hears_of_it(at_playground: SitDown, site: Site) -> None:
    clerk = at_playground()
    page: Page = clerk.page
    site.gate.shut()
    ask(clerk, "Good morning")
    clerk.page.wait_for_selector("[data-status=waiting]")
    (held,) = wait_for(lambda: bill(site).unsettled)
    expect(page.locator("[data-test=send]")).to_be_hidden()
    clerk.page.click("[data-test=stop]")
    assert "stopped by you" in last(clerk, "stopped").inner_text()
    expect(page.locator("[data-test=send]")).to_be_visible()
    site.gate.release()
    wait_for(lambda: held.id not in {of.id for of in bill(site).unsettled})
    ask(clerk, "Again")
    last(clerk)


def test_calls_show_their_arguments_and_take_what_the_functions_gave_back(at_playground: SitDown) -> None:
    clerk = at_playground()
    function = {"name": "get_order", "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}}}
    clerk.page.fill("#f-tools", json.dumps([function]))
    ask(clerk, "Show me order SO-10120.")
    answer = last(clerk)
    made = answer.locator("[data-test=call]")
    assert "get_order" in made.inner_text()
    assert json.loads(made.locator("pre").inner_text()) == {"order_id": "SO-10120"}
    assert "to call" in answer.locator("[data-test=figures]").inner_text()
    made.locator("[data-test=result]").fill("1 lamp, 189.00")
    clerk.page.click("[data-test=send]")
    clerk.page.wait_for_selector("[data-test=turn]:nth-child(2) [data-status=done]")
    assert last(clerk).locator("strong").first.inner_text() == "the order"


def test_an_answer_of_a_schema_is_shown_as_it_is(at_playground: SitDown) -> None:
    clerk = at_playground()
    clerk.page.click("[data-example=schema]")
    assert clerk.page.input_value("#f-format") == "json_schema"
    assert "customer" in clerk.page.input_value("#f-schema")
    clerk.page.fill("#f-schema", '{"type": "object"}')
    ask(clerk, "JSON please")
    answer = last(clerk)
    assert json.loads(answer.locator("[data-test=words] pre").inner_text()) == {"ok": True}


def test_a_whole_answer_comes_without_a_stream(at_playground: SitDown) -> None:
    clerk = at_playground()
    clerk.page.uncheck("[data-field=stream]")
    ask(clerk, "Good morning")
    answer = last(clerk)
    assert "Hello, what should be done?" in answer.inner_text()
    assert "First token" not in answer.inner_text()
    assert "CNY" in answer.inner_text()


def test_a_setting_that_can_not_be_used_is_said_beside_it_and_nothing_is_sent(at_playground: SitDown) -> None:
    clerk = at_playground()
    clerk.page.fill("#f-temperature", "7")
    clerk.page.fill("#f-tools", "[{]")
    ask(clerk, "Good morning")
    assert "0 to 2" in clerk.page.locator("#e-temperature").inner_text()
    assert "JSON list" in clerk.page.locator("#e-tools").inner_text()
    assert clerk.page.evaluate("document.activeElement.id") == "f-temperature"
    assert clerk.page.get_attribute("#f-tools", "aria-invalid") == "true"
    assert clerk.page.locator("[data-test=answer]").count() == 0
    assert clerk.page.input_value("[data-test=ask]") == "Good morning"
    clerk.page.fill("#f-temperature", "0.75")
    clerk.page.fill("#f-tools", "")
    ask(clerk, "Good morning")
    last(clerk)
    assert clerk.page.locator("#e-tools").is_hidden()


def test_a_refusal_names_the_limit_and_keeps_the_message(at_playground: SitDown, site: Site) -> None:
    warehouse = at_playground("warehouse", language="zh")
    person, manager = as_person(site.platform, "warehouse"), as_person(site.platform, "manager")
    with site.platform.database.writing(manager.org_id) as work:
        ask_for = BudgetAsk(scope="person", scope_id=person.person_id, monthly_micro=1)
        budget = site.platform.budgets.create(work, manager, ask_for)
    ask(warehouse, "早上好")
    told = last(warehouse, "failed").locator("[data-test=failed]").inner_text()
    assert "预算不允许" in told
    assert budget.name in told
    assert warehouse.page.input_value("[data-test=ask]") == "早上好"
    with site.platform.database.writing(manager.org_id) as work:
        site.platform.budgets.delete(work, manager, budget.id)
    warehouse.complaints.clear()  # The browser itself reports the answer's status.


def test_the_code_that_is_shown_does_the_same(at_playground: SitDown, site: Site) -> None:
    clerk = at_playground()
    clerk.page.fill("#f-system", 'Say "it\'s" \\ and 早上好')
    clerk.page.fill("#f-seed", "7")
    clerk.page.fill("#f-stop", "END\n\\n\\n")
    clerk.page.fill("#f-tools", '[{"name": "get_order", "parameters": {"type": "object", "properties": {}}}]')
    clerk.page.fill("[data-test=ask]", "Good morning")
    who = as_person(site.platform, "clerk")
    with site.platform.database.writing(who.org_id) as work:
        secret = site.platform.keys.create(work, who, KeyAsk(name="code")).secret
    assert "Hello, what should be done?" in said_by([sys.executable, "-c", code(clerk, "python")], secret)
    assert '"seed": 7' in code(clerk, "curl")
    if shutil.which("curl") is None:
        pytest.skip("There is no curl on this machine.")
    lines = said_by(["sh", "-c", code(clerk, "curl")], secret).splitlines()
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "Hello, what should be done?"
    assert lines[-2] == "data: [DONE]"


def said_by(command: list[str], secret: str) -> str:
    """Run what was shown, with a key in its place, and return what it says."""
    assert "jdk_YOUR_KEY" in command[-1]
    command[-1] = command[-1].replace("jdk_YOUR_KEY", secret)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_models_markup_is_formatting_and_nothing_else(at_playground: SitDown) -> None:
    clerk = at_playground()
    clerk.page.fill("#f-tools", '[{"name": "get_order"}]')
    ask(clerk, "Show me order SO-10120.")
    last(clerk).locator("[data-test=result]").fill("done")
    clerk.page.click("[data-test=send]")
    clerk.page.wait_for_selector("[data-test=turn]:nth-child(2) [data-status=done]")
    words = last(clerk).locator("[data-test=words]")
    assert '<img src="x"' in words.inner_text()
    assert words.locator("img, script, style, iframe, form").count() == 0
    assert "broken" not in clerk.page.title()


def test_beginning_anew_forgets_the_turns_and_stops_what_goes_on(at_playground: SitDown, site: Site) -> None:
    clerk = at_playground()
    page: Page = clerk.page
    site.gate.shut()
    ask(clerk, "Good morning")
    clerk.page.wait_for_selector("[data-status=waiting]")
    clerk.page.click("[data-test=clear]")
    site.gate.release()
    expect(page.locator("[data-test=turn]")).to_have_count(0)
    expect(page.locator("[data-example]").first).to_be_visible()


def test_the_settings_are_at_hand_on_a_phone(at_playground: SitDown) -> None:
    clerk = at_playground(size="phone")
    assert clerk.page.evaluate("document.documentElement.scrollWidth") == 360
    assert clerk.page.locator("#f-seed").is_hidden()
    clerk.page.click("[popovertarget=settings]")
    clerk.page.fill("#f-seed", "7")
    clerk.page.keyboard.press("Escape")
    ask(clerk, "Good morning")
    last(clerk)
    assert clerk.page.evaluate("document.documentElement.scrollWidth") == 360
    assert clerk.page.locator(".sections [aria-current]").is_visible()


def test_an_address_names_the_models_to_begin_with(at_browser: SitDown, other: str) -> None:
    clerk = at_browser("clerk")
    clerk.open(f"/playground?model={other}&other={MODEL}")
    clerk.page.wait_for_selector("[data-test=ask]:enabled")
    assert clerk.page.input_value("[data-test=model-0]") == other
    assert clerk.page.input_value("[data-test=model-1]") == MODEL
    assert clerk.page.locator("[data-test=model-1]").is_visible()

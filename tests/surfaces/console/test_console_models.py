"""The page of the models, with a hub on this machine to fetch from."""

from collections.abc import Callable, Generator
from typing import Any

import httpx
import pytest
from console_site import TINY, Site
from playwright.sync_api import Page, expect

from jindou.errors import NotFound
from jindou.models.catalogue.shelf import put_own
from support.hub import BYTES, Hub, entry, open_hub
from support.platform import MODEL, as_person
from support.waiting import wait_for

SitDown = Callable[..., Any]
SignIn = Callable[[str], httpx.Client]
ROW = f"[data-test=model-row][data-model={TINY}]"


@pytest.fixture
def hub(site: Site) -> Generator[Hub]:
    """A hub that has the tiny model, and a catalogue that knows it; afterwards it is as it was."""
    manager = as_person(site.platform, "manager")
    models = site.platform.models
    with open_hub() as hub:
        put_own(models.catalogue.folder, entry(hub.source(TINY, BYTES)))
        yield hub
        hub.go.set()
        wait_for(lambda: not is_pulling(site))
        with site.platform.database.writing(manager.org_id) as work:
            if TINY in {model.name for model in models.list_models(manager)}:
                models.stop_serving(work, manager, TINY)
        with site.platform.database.writing(manager.org_id) as work:
            if TINY in {model.name for model in models.list_models(manager)}:
                models.remove(work, manager, TINY)


def is_pulling(site: Site) -> bool:
    manager = as_person(site.platform, "manager")
    try:
        return site.platform.models.get_pull(manager, TINY).state == "running"
    except NotFound:
        return False


def test_everybody_sees_what_works_what_it_needs_and_whether_it_fits(visit: SignIn) -> None:
    text = visit("clerk").get("/models").text
    assert "qwen2.5-coder-0.5b" in text
    assert "Apache-2.0" in text
    for word in ("Memory free", "Serving", "Fits", "Too large", "tokens"):
        assert word in text
    assert 'data-test="pull"' not in text
    assert 'data-test="remove"' not in text


def test_only_managers_change_anything(visit: SignIn) -> None:
    clerk = visit("clerk")
    for verb in ("pull", "stop-pull", "serve", "stop", "remove"):
        answer = clerk.post(f"/models/{MODEL}/{verb}")
        assert answer.status_code == 403
        assert "jindou.default-deny" in answer.text
    assert visit("manager").post(f"/models/{MODEL}/burn").status_code == 404
    assert visit("manager").post("/models/nothing/pull").status_code == 404
    headers = {"origin": "https://example.com"}
    assert visit("manager").post(f"/models/{TINY}/pull", headers=headers).status_code == 403


def test_what_stands_in_the_way_is_said_on_the_page(visit: SignIn) -> None:
    client = visit("manager")
    served = client.post(f"/models/{MODEL}/remove")
    assert served.status_code == 409
    assert "It is in use" in served.text
    absent = client.post("/models/qwen3-4b/serve")
    assert absent.status_code == 503
    assert "It is not here yet" in absent.text
    assert "<h1>" in absent.text


def test_the_catalogue_shows_one_kind_at_a_time(visit: SignIn) -> None:
    client = visit("clerk")
    text = client.get("/models?kind=embedding").text
    assert "qwen3-embedding-0.6b" in text
    assert "qwen3-reranker-0.6b" not in text
    assert client.get("/models?kind=poem").status_code == 422


@pytest.mark.usefixtures("hub")
def test_without_scripts_a_model_is_fetched_served_stopped_and_removed(visit: SignIn, site: Site) -> None:
    client = visit("manager")
    assert client.post(f"/models/{TINY}/pull").status_code == 303
    wait_for(lambda: not is_pulling(site))
    assert 'data-test="serve"' in client.get(f"/models/{TINY}/row").text
    assert client.post(f"/models/{TINY}/serve").status_code == 303
    assert "served" in client.get(f"/models/{TINY}/row").text
    assert f'/playground?model={TINY}"' in client.get("/models").text
    assert f"<option>{TINY}</option>" in client.get("/playground").text
    assert client.post(f"/models/{TINY}/remove").status_code == 409
    assert client.post(f"/models/{TINY}/stop").status_code == 303
    assert f"<option>{TINY}</option>" not in client.get("/playground").text
    assert client.post(f"/models/{TINY}/remove").status_code == 303
    assert client.get(f"/models/{TINY}/row").status_code == 404


def test_a_pull_shows_how_far_it_is_and_then_what_can_be_done(at_browser: SitDown, hub: Hub) -> None:
    manager = at_browser("manager")
    page: Page = manager.page
    hub.go.clear()
    manager.open("/models")
    manager.page.click(f"{ROW} [data-test=pull]")
    row = manager.page.locator(f"{ROW}[data-state=pulling]")
    row.wait_for()
    manager.page.wait_for_selector(f"{ROW} progress:not([value='0'])")
    shown = int(row.locator("progress").get_attribute("value"))
    assert 0 < shown < len(BYTES)
    assert row.locator("progress").get_attribute("max") == str(len(BYTES))
    hub.go.set()
    manager.page.wait_for_selector(f"{ROW}[data-state=here]")
    manager.page.click(f"{ROW} [data-test=serve]")
    work = manager.page.locator("[data-test=work-row]", has_text=TINY)
    work.wait_for()
    assert work.get_by_role("link", name="Try").get_attribute("href") == f"/playground?model={TINY}"
    work.locator("[data-test=stop-model]").click()
    manager.page.wait_for_selector(f"{ROW} [data-test=serve]")
    manager.page.click(f"{ROW} [data-test=remove]")
    manager.page.click(f"{ROW} [data-test=remove-now]")
    expect(page.locator(ROW)).to_have_count(0)
    expect(page.locator("[data-test=work-row]").first).to_be_visible()


def test_a_pull_that_is_stopped_can_go_on(at_browser: SitDown, hub: Hub) -> None:
    manager = at_browser("manager")
    hub.go.clear()
    manager.open("/models")
    manager.page.click(f"{ROW} [data-test=pull]")
    manager.page.click(f"{ROW} [data-test=stop-pull]")
    hub.go.set()
    manager.page.wait_for_selector(f"{ROW} :is([data-test=pull], [data-test=serve])")


def test_a_pull_that_failed_says_so(at_browser: SitDown, hub: Hub) -> None:
    manager = at_browser("manager")
    hub.files[f"/{TINY}"] = BYTES[:-9]
    manager.open("/models")
    manager.page.click(f"{ROW} [data-test=pull]")
    failed = manager.page.locator(f"{ROW} [data-test=pull-failed]")
    failed.wait_for()
    assert "is not Tiny" in (failed.get_attribute("title") or "")


def test_the_speed_of_a_model_is_seen_once_it_has_answered(at_browser: SitDown) -> None:
    manager = at_browser("manager")
    page: Page = manager.page
    manager.open("/playground")
    page.wait_for_selector("[data-test=ask]:enabled")
    page.fill("[data-test=ask]", "Good morning")
    page.click("[data-test=send]")
    page.wait_for_selector("[data-test=answer][data-status=done]")
    manager.open("/models")
    row = page.locator("[data-test=work-row]", has_text=MODEL)
    expect(row).to_contain_text("tokens/s")
    page.wait_for_event("response", lambda told: told.url.endswith("/models/work"))
    expect(row).to_contain_text("tokens/s")

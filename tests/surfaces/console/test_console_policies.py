"""The pages of an organisation's own rules: the difference, what it would have changed, and putting it in force."""

from collections.abc import Callable

import httpx
from console_site import Site

from jindou.agents.policies import PolicyProposal
from support.platform import as_person

SignIn = Callable[[str], httpx.Client]

RULE = """@id("lamps.no-refunds")
@reason_en("Nobody <b>refunds</b>.")
@reason_zh("任何人不得退款。")
forbid (principal in Role::"clerk", action == Action::"ecommerce::refund_order", resource);"""
GRANT = """@id("lamps.more")
@reason_en("Managers may.")
@reason_zh("经理可以。")
permit (principal in Role::"manager", action == Action::"ecommerce::refund_order", resource);"""


def push(site: Site, text: str) -> int:
    manager = as_person(site.platform, "manager")
    with site.platform.database.writing(manager.org_id) as work:
        proposal = PolicyProposal(files={"a.cedar": text}, note="Because")
        return site.platform.policies.propose(work, manager, proposal).number


def test_a_version_is_looked_at_put_in_force_and_taken_back(site: Site, visit: SignIn) -> None:
    client = visit("manager")
    number = push(site, RULE)
    shown = client.get(f"/policies/{number}").text
    assert "Nobody &lt;b&gt;refunds&lt;/b&gt;." in shown
    assert "allows less" in shown
    client.cookies.set("jindou_language", "zh")
    assert "任何人不得退款" in client.get(f"/policies/{number}").text
    client.cookies.set("jindou_language", "en")
    assert client.post(f"/policies/{number}/activation", data={"over": "0"}).status_code == 303
    assert f"Version {number} is in force" in client.get("/policies").text
    again = client.post(f"/policies/{number}/activation", data={"over": "0"})
    assert (again.status_code, "Another version was put in force" in again.text) == (409, True)
    grant = push(site, RULE + GRANT)
    refused = client.post(f"/policies/{grant}/activation", data={"over": str(number)})
    assert (refused.status_code, "somebody else must" in refused.text) == (403, True)
    assert client.post("/policies/rollback", data={"over": str(number)}).status_code == 303
    assert "No rules of your own are in force" in client.get("/policies").text


def test_who_may_not_see_them_finds_no_way_there(visit: SignIn) -> None:
    client = visit("clerk")
    assert client.get("/policies").status_code == 403
    assert 'href="/policies"' not in client.get("/").text

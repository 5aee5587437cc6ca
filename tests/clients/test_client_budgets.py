import pytest

from jindou_client import Client
from jindou_client.errors import Conflict, Forbidden, NotFound


def test_a_budget_is_set_changed_and_taken_away(clerk: Client, manager: Client) -> None:
    me = next(person for person in manager.principals.list() if person.handle == "clerk")
    made = manager.budgets.create("person", me.id, monthly_micro=50_000_000, warn_share=0.8, rpm=60)
    assert clerk.budgets.list() == [made] == [clerk.budgets.get(made.id)]
    with pytest.raises(Conflict):
        manager.budgets.create("person", me.id, rpm=1)
    with pytest.raises(Forbidden):
        clerk.budgets.update(made.id, rpm=600)
    changed = manager.budgets.update(made.id, name="desk", rpm=None)
    assert (changed.name, changed.monthly_micro, changed.rpm) == ("desk", 50_000_000, None)
    manager.budgets.delete(made.id)
    with pytest.raises(NotFound):
        manager.budgets.get(made.id)


def test_a_key_is_made_for_some_requests(clerk: Client) -> None:
    key = clerk.keys.create("robot", scopes=["completions"], assistant="shelf robot")
    assert (key.scopes, key.assistant) == (["completions"], "shelf robot")
    assert clerk.keys.create("all").scopes is None


def test_each_day_is_told_by_group(manager: Client) -> None:
    told = manager.usage.daily("person", days=7)
    assert (told.group, len(told.days), told.currency) == ("person", 7, "CNY")

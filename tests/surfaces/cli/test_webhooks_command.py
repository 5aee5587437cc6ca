"""What `jindou webhooks` tells."""

from collections.abc import Callable
from typing import Any

from jindou.assembly import Platform
from support.platform import as_person

Run = Callable[..., Any]
URL = "https://tickets.acme.example/hook/token"


def test_it_is_told_how_telling_goes_and_why_it_fails(here: Run, platform: Platform) -> None:
    assert here("webhooks", "set", URL).code == 0
    assert "nothing taken yet" in here("webhooks", "list").out
    org_id = as_person(platform, "manager").org_id
    for error, told in (
        ("tickets.acme.example answered 503.", "answered 503. (nothing taken yet)"),
        (None, "last taken "),
    ):
        with platform.database.writing(org_id) as work:
            platform.webhooks.note(work, URL, error)
        listed = here("webhooks", "list").out
        assert told in listed
        assert ("failing since" in listed) is (error is not None)
    assert here("webhooks", "remove").code == 0

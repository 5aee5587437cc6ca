"""Identity providers from the terminal: added, shown, checked, changed and removed."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jindou.assembly import Platform
from support.openid.crooked import CLIENT, Crooked, open_crooked
from support.platform import FakeClock
from support.served import serve

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with serve(tmp_path_factory.mktemp("home"), lambda _messages: "Hello.", sso_private=True) as platform:
        yield platform


@pytest.fixture
def crooked() -> Iterator[Crooked]:
    with open_crooked(FakeClock()) as provider:
        yield provider


def test_a_provider_is_added_shown_checked_changed_and_removed(
    platform: Platform, crooked: Crooked, jindou: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ("--home", str(Path(platform.home.path)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"kept-by-the-vault\n")))
    added = jindou("sso", "add", "Acme", crooked.issuer, CLIENT, "--group", "a=b=clerk, finance", "--json", *home).json
    assert (added["has_secret"], added["roles"]) == (True, {"a=b": ["clerk", "finance"]})
    shown = jindou("sso", "show", "Acme", *home)
    assert added["redirect_uri"] in shown.out
    assert "kept-by-the-vault" not in shown.out
    assert crooked.issuer in jindou("sso", "list", *home).out
    assert "RS256" in jindou("sso", "check", added["id"], *home).out
    changed = jindou("sso", "update", "Acme", "--no-groups", "--make-people", "--off", "--json", *home).json
    assert (changed["roles"], changed["makes_people"], changed["enabled"]) == ({}, True, False)
    assert jindou("sso", "identities", "Acme", "--json", *home).json == []
    assert jindou("sso", "unlink", "Acme", "uma", *home).code == 2
    assert jindou("sso", "show", "Other", *home).code == 6
    assert jindou("sso", "list", "--as", "clerk", *home).code == 5
    assert "is removed" in jindou("sso", "remove", "Acme", *home).out
    assert jindou("sso", "list", "--json", *home).json == []


@pytest.mark.parametrize("words", [("--group", "clerk"), ("--link-by", "hope")])
def test_what_is_written_wrong_is_told_before_anything_is_asked(
    platform: Platform, crooked: Crooked, jindou: Run, words: tuple[str, ...]
) -> None:
    ended = jindou("sso", "add", "B", crooked.issuer, CLIENT, "--public", *words, "--home", str(platform.home.path))
    assert ended.code == 2
    assert not crooked.asked

"""One process has a home at a time; its secrets are made whole, for its owner alone."""

import json
import os
import stat
from pathlib import Path

import pytest

from jindou.home import AlreadyRunning, Home, HomeUnwritable


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_a_new_home_is_its_owners_alone(home: Home) -> None:
    for path in (home.path, home.path / "secrets", *(home.path / "secrets").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_operators_key_is_made_once_and_is_long(home: Home) -> None:
    key = home.operator_key()
    home.prepare()
    assert home.operator_key() == key
    assert len(key) == 64
    other = Home(home.path.parent / "other")
    other.prepare()
    assert other.operator_key() != key


def test_a_second_process_is_told_where_the_first_one_is(home: Home) -> None:
    home.lock()
    home.announce("http://127.0.0.1:8787")
    second = Home(home.path)
    assert second.is_locked()
    assert second.holder() == os.getpid()
    with pytest.raises(AlreadyRunning, match=r"at http://127.0.0.1:8787 \(pid \d+\)"):
        second.lock()
    home.unlock()
    assert not second.is_locked()
    assert second.holder() is None
    assert second.server() is None
    second.lock()
    second.unlock()


def test_what_a_killed_process_announced_is_gone_when_the_next_one_begins(home: Home) -> None:
    home.server_file.write_text(json.dumps({"url": "http://127.0.0.1:1", "pid": 1}))
    home.lock()
    assert home.server() is None
    home.unlock()


def test_half_an_announcement_is_none(home: Home) -> None:
    home.server_file.write_text('{"url": "http')
    assert home.server() is None


def test_a_home_that_can_not_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeUnwritable, match="--home"):
        Home(tmp_path / "file" / "home").prepare()

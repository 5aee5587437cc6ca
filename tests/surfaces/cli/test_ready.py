"""What `jindou up` says once the console answers, and commands before that."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jindou.home import Home
from jindou.identity.directory import NewProfile
from jindou.surfaces.cli.ready import tell_ready
from support.platform import as_person
from support.scripted import refund_script
from support.served import serve


def test_links_are_printed_for_a_few_people_and_for_none_of_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(tmp_path / "home", refund_script("SO-10007", 1.0)) as platform:
        manager = as_person(platform, "manager")
        tell_ready(platform, as_json=False)
        few = capsys.readouterr().out
        assert few.count("/sign-in?token=") == 4
        assert "clerk      Lena Vogel · Customer service\n" in few
        with platform.database.writing(manager.org_id) as work:
            for name in ("bo", "cy", "dee", "eli", "fay", "gus", "hal"):
                platform.directory.people.create(work, manager, NewProfile(handle=name, name=name.title()))
        tell_ready(platform, as_json=False)
        many = capsys.readouterr().out
        assert "token=" not in many
        assert "11 people sign in there; `jindou sign-in --as HANDLE` prints a link for one of them." in many
        tell_ready(platform, as_json=True)
        assert '"links": []' in capsys.readouterr().out


def test_one_that_is_starting_is_told_from_one_that_is_not_running(jindou: Callable[..., Any], tmp_path: Path) -> None:
    starting = Home(tmp_path)
    starting.prepare()
    starting.lock()
    try:
        for command in ("bill", "status"):
            ended = jindou(command, "--home", str(tmp_path))
            assert ended.code == 3
            assert "is starting here" in ended.out + ended.err
        assert jindou("status", "--home", str(tmp_path), "--json").json["starting"] is True
    finally:
        starting.unlock()

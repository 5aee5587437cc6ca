import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from jindou.assembly import Platform
from support.scripted import refund_script
from support.served import serve

HEEDING = """
import signal
from jindou.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""A command that heeds Ctrl-C also where those who run the tests in the background do not."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with serve(tmp_path_factory.mktemp("home"), refund_script("SO-10007", 20)) as platform:
        yield platform


def at_a_terminal(home: Path, words: Sequence[str], **environment: str) -> str:
    """What a person sees who types the command in a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "jindou", *words, "--home", str(home)]
    plain = {"PATH": os.defpath, "TERM": "xterm-256color", "COLUMNS": "100", "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=plain | environment)
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        seen += piece
    os.close(ours)
    assert process.wait() == 0, seen.decode()
    return seen.decode()


def test_a_terminal_shows_colour_and_the_answer_once(platform: Platform) -> None:
    seen = at_a_terminal(platform.home.path, ["ask", "--as", "clerk", "refund 20 for SO-10007, broken lamp"])
    assert "\x1b[32m✓" in seen
    assert seen.count("Refunded 20.00 on SO-10007.") == 1


def test_no_color_is_respected(platform: Platform) -> None:
    seen = at_a_terminal(
        platform.home.path, ["ask", "--as", "clerk", "refund 20 for SO-10007, broken lamp"], NO_COLOR="1"
    )
    assert "✓" in seen
    assert "\x1b[3" not in seen


def test_ctrl_c_leaves_the_run_at_work_says_so_and_ends_with_130(tmp_path: Path) -> None:
    with serve(tmp_path, refund_script("SO-10007", 120)) as platform:
        words = [
            "ask",
            "--as",
            "clerk",
            "refund 120 for SO-10007, broken lamp",
            "--wait",
            "--home",
            str(platform.home.path),
        ]
        process = subprocess.Popen(
            [sys.executable, "-c", HEEDING, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        seen = ""
        while "--deny" not in seen:
            line = process.stderr.readline()
            assert line, seen
            seen += line
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "The run goes on. Watch it: jindou runs watch run_" in err
        assert "Traceback" not in err

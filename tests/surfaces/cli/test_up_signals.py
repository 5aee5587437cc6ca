"""Ctrl-C at a running `jindou up`: once it ends in order, twice at once, and neither harms the next start."""

import signal
from pathlib import Path

from jindou.home import Home
from jindou_client import Client
from support.server import free_port, running


def test_who_presses_twice_is_let_go_at_once_and_the_next_start_is_as_ever(
    tmp_path: Path, small_model: Path, models_dir: Path
) -> None:
    assert small_model.exists()
    home = tmp_path / "home"
    with running(home, models_dir, free_port()) as server:
        server.process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 130
    assert Home(home).holder() is None
    with running(home, models_dir, free_port()) as server:
        with Client(server.url, Home(home).operator_key()) as operator:
            assert operator.sessions.open("clerk").token
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=120) == 0
    assert Home(home).holder() is None

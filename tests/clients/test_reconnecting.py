import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from jindou_client import Client
from jindou_client.errors import Unreachable
from jindou_client.types import Money, RunDetail
from support.scripted import refund_script
from support.served import serve

AT = "2026-03-02T09:00:00Z"
RUN = (
    RunDetail(
        id="run_1",
        conversation_id="cnv_1",
        assistant="after-sales",
        person_id="prs_1",
        person_name="Lena",
        message="Refund",
        status="running",
        steps=0,
        tokens=0,
        limits=[],
        model_seconds=1,
        tool_seconds=1,
        cost=Money(micro=0, currency="CNY"),
        created_at=datetime.fromisoformat(AT),
        journal=[],
        last_event=4,
    )
    .model_dump_json()
    .encode()
)


def encoded(seq: int, type_: str) -> bytes:
    data = f'{{"seq": {seq}, "run_id": "run_1", "type": "{type_}", "at": "{AT}", "data": {{}}}}'
    return f"id: {seq}\nevent: {type_}\ndata: {data}\n\n".encode()


@contextmanager
def breaking(answers: list[bytes]) -> Generator[tuple[str, list[str]]]:
    """A server that gives one answer a stream and then breaks it off; it notes where each asked to go on."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith("/events"):
                self.send_response(200)
                self.send_header("Content-Length", str(len(RUN)))
                self.end_headers()
                self.wfile.write(RUN)
                return
            asked.append(self.headers["Last-Event-ID"])
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(answers.pop(0))

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_stream_that_breaks_inside_an_event_goes_on_behind_the_last_whole_one() -> None:
    whole = encoded(1, "run.started") + b": still here\n\n" + encoded(2, "run.resumed")
    half = encoded(3, "run.resumed")[:40]
    rest = encoded(3, "run.resumed") + encoded(4, "run.finished")
    with breaking([whole + half, b"", rest]) as (url, asked), Client(url) as client:
        assert [event.seq for event in client.runs.events("run_1")] == [1, 2, 3, 4]
    assert asked == ["0", "2", "2"]


def test_text_that_is_not_kept_moves_nothing() -> None:
    delta = encoded(0, "text.delta").replace(b"id: 0\n", b"")
    with breaking([encoded(1, "run.started") + delta, encoded(2, "run.finished")]) as (url, asked), Client(url) as c:
        assert [event.type for event in c.runs.events("run_1")] == ["run.started", "text.delta", "run.finished"]
    assert asked == ["0", "1"]


def test_a_server_that_stays_away_is_given_up_after_the_patience() -> None:
    with Client("http://127.0.0.1:9", patience=0.0) as client, pytest.raises(Unreachable):
        list(client.runs.events("run_1"))


def test_a_run_is_followed_across_a_restart_of_the_server(tmp_path: Path) -> None:
    script = refund_script("SO-10007", 120)
    with serve(tmp_path, script) as platform:
        port = platform.settings.port
        with Client(platform.settings.url, platform.home.operator_key()) as operator:
            clerk = Client(operator.url, operator.sessions.open("clerk").token)
            manager = Client(operator.url, operator.sessions.open("manager").token)
        events = clerk.runs.events(clerk.runs.start("Refund 120 for SO-10007, broken lamp").id)
        before = [next(events)]
        while before[-1].type != "run.waiting":
            before.append(next(events))
    with serve(tmp_path, script, port):
        (approval,) = manager.approvals.list("waiting")
        manager.approvals.decide(approval.id)
        after = list(events)
    for client in (clerk, manager):
        client.close()
    kept = [event.seq for event in [*before, *after] if event.seq]
    assert kept == list(range(1, kept[-1] + 1))
    assert after[-1].run is not None
    assert after[-1].run.status == "done"

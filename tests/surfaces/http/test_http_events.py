"""The stream of a run's events: from any number on, live, and with an end."""

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from http_door import URL, Door, assert_problem
from httpx import Response
from starlette.types import Message


@dataclass
class Event:
    """One server-sent event."""

    id: int
    type: str
    data: dict[str, Any]


@dataclass
class Following:
    """A client that reads a stream as it comes, in a loop of its own."""

    door: Door
    path: str
    text: str = ""
    first: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._headers = [(name.lower().encode(), value.encode()) for name, value in self.door.as_("clerk").items()]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._follow()))
        self._thread.start()

    def end(self) -> list[Event]:
        """Return what came until the server ended the stream."""
        self._thread.join(60)
        assert not self._thread.is_alive(), "The server does not end the stream."
        return events_in(self.text)

    async def _follow(self) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", URL.removeprefix("http://").encode()), *self._headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8787),
        }

        async def receive() -> Message:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self.text += message.get("body", b"").decode()
            if self.text:
                self.first.set()

        await self.door.app(scope, receive, send)


def events_in(text: str) -> list[Event]:
    found: list[Event] = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in lines:
            found.append(Event(int(lines.get("id", 0)), lines["event"], json.loads(lines["data"])))
    return found


def replay(
    door: Door, run_id: str, *, last: int | None = None, after: int | None = None
) -> tuple[Response, list[Event]]:
    headers = door.as_("clerk") | ({} if last is None else {"Last-Event-ID": str(last)})
    params = {} if after is None else {"after": after}
    answer = door.client.get(f"/api/runs/{run_id}/events", headers=headers, params=params)
    return answer, events_in(answer.text)


def finished(door: Door) -> str:
    door.desk.let_say("All is well.")
    return str(door.ask("Hi")["id"])


def test_a_run_that_is_over_is_replayed_whole_and_then_the_stream_ends(door: Door) -> None:
    run_id = finished(door)
    answer, events = replay(door, run_id)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert (events[0].type, events[-1].type) == ("run.started", "run.finished")
    assert events[-1].data["data"]["run"]["answer"] == "All is well."
    assert all(event.data["run_id"] == run_id for event in events)


def test_a_stream_is_taken_up_where_it_broke(door: Door) -> None:
    run_id = finished(door)
    _, events = replay(door, run_id)
    middle = events[1].id
    for _, rest in (replay(door, run_id, last=middle), replay(door, run_id, after=middle)):
        assert [event.id for event in rest] == [event.id for event in events[2:]]
    _, rest = replay(door, run_id, last=middle, after=0)
    assert [event.id for event in rest] == [event.id for event in events[2:]], "The header is the newer word."


def test_who_has_seen_the_end_is_not_kept_waiting(door: Door) -> None:
    run_id = finished(door)
    _, events = replay(door, run_id)
    for last in (events[-1].id, 10**9):
        answer, rest = replay(door, run_id, last=last)
        assert (answer.status_code, rest) == (200, [])


def test_text_comes_live_and_the_stream_ends_with_the_run(door: Door) -> None:
    door.desk.let_say("The parcel is in Berlin.")
    run = door.desk.start("Where is it?")
    following = Following(door, f"/api/runs/{run.id}/events")
    assert following.first.wait(60)
    door.desk.move_on(run.id)
    events = following.end()
    deltas = [event for event in events if event.type == "text.delta"]
    assert "".join(event.data["data"]["text"] for event in deltas) == "The parcel is in Berlin."
    assert {event.id for event in deltas} == {0}
    kept = [event for event in events if event.type != "text.delta"]
    assert [event.id for event in kept] == list(range(1, len(kept) + 1))
    assert [event.type for event in events[:2]] == ["run.started", "step.started"]
    assert events[-1].type == "run.finished"


def test_a_stream_follows_a_run_through_its_approval(door: Door) -> None:
    run = door.desk.start("Refund 120 on SO-10007, broken lamp")
    following = Following(door, f"/api/runs/{run.id}/events")
    assert following.first.wait(60)
    door.desk.move_on(run.id)
    door.desk.approve(door.desk.inbox()[0].id)
    door.desk.move_on(run.id)
    events = following.end()
    kept = [event for event in events if event.id]
    assert [event.id for event in kept] == list(range(1, len(kept) + 1))
    types = [event.type for event in kept]
    order = ("run.waiting", "approval.decided", "run.resumed", "run.finished")
    assert [of for of in types if of in order] == list(order)


def test_nobody_follows_the_run_of_another(door: Door) -> None:
    run_id = finished(door)
    assert_problem(door.get(f"/api/runs/{run_id}/events", "manager"), 404, "not_found")


def test_the_stream_of_somebody_who_is_deactivated_ends_without_an_end_of_the_run(door: Door) -> None:
    run = door.ask()
    following = Following(door, f"/api/runs/{run['id']}/events")
    assert following.first.wait(60)
    door.post(f"/api/people/{door.desk.clerk.person_id}/deactivation", who="manager")
    assert "run.finished" not in {event.type for event in following.end()}

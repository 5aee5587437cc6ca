"""Sessions are listed and ended by their owner, and what has ended is out at once, in open streams too."""

import asyncio
import threading
from datetime import timedelta

import httpx
from http_door import URL, Door, assert_problem
from starlette.types import Message

from jindou.identity.sessions.tables import SessionRow
from support.platform import as_person


def enter(door: Door, handle: str, agent: str = "Test/1") -> dict[str, str]:
    who = as_person(door.desk.platform, handle)
    with door.desk.platform.database.writing(None) as work:
        token = door.desk.platform.sessions.create_link(work, who.org_id, who.person_id)
    answer = door.client.post("/sign-in", data={"token": token}, headers={"User-Agent": agent})
    door.client.cookies.clear()
    return {"Authorization": f"Bearer {answer.cookies['jindou_session_8787']}"}


def test_one_sees_where_one_is_signed_in_and_ends_one_session(door: Door) -> None:
    phone = enter(door, "clerk", "Phone/9\x01")
    laptop = enter(door, "clerk", "Laptop/2")
    listed = door.client.get("/api/sessions", headers=laptop).json()
    assert [(one["agent"], one["method"], one["place"], one["current"]) for one in listed] == [
        ("Laptop/2", "link", "machine", True),
        ("Phone/9", "link", "machine", False),
    ]
    assert all(one["id"].startswith("ses_") and "token" not in str(one) for one in listed)
    path = f"/api/sessions/{listed[1]['id']}"
    assert_problem(door.client.request("DELETE", path, headers=enter(door, "manager")), 404, "not_found")
    assert door.client.request("DELETE", path, headers=laptop).status_code == 204
    assert_problem(door.client.get("/api/sessions", headers=phone), 401, "unauthenticated")
    assert_problem(door.client.request("DELETE", path, headers=laptop), 404, "not_found")


def test_signing_out_everywhere_leaves_the_session_that_asks(door: Door) -> None:
    others = [enter(door, "clerk") for _ in range(3)]
    mine, managers = enter(door, "clerk"), enter(door, "manager")
    assert door.client.request("DELETE", "/api/sessions", headers=mine).status_code == 204
    assert [door.client.get("/api/sessions", headers=other).status_code for other in others] == [401, 401, 401]
    assert len(door.client.get("/api/sessions", headers=mine).json()) == 1
    assert door.client.get("/api/sessions", headers=managers).status_code == 200


def test_the_last_use_of_a_session_is_known_to_the_minute(door: Door) -> None:
    mine = enter(door, "clerk")
    door.desk.clock.move(timedelta(minutes=30))
    door.client.get("/api/runs", headers=mine)
    (listed,) = door.client.get("/api/sessions", headers=mine).json()
    assert listed["last_used_at"] == "2026-03-02T09:30:00Z"


def test_signing_out_is_in_the_trail_and_names_the_session(door: Door) -> None:
    mine = enter(door, "clerk")
    (listed,) = door.client.get("/api/sessions", headers=mine).json()
    door.client.request("DELETE", "/api/sessions/current", headers=mine)
    closed = next(one for one in door.get("/api/audit", "manager").json() if one["action"] == "sessions::close")
    assert (closed["detail"]["session"], closed["rules"]) == (listed["id"], ["jindou.own-sessions"])


def test_an_open_stream_ends_soon_after_its_session(door: Door) -> None:
    run = door.post("/api/runs", {"message": "Hello"}).json()
    mine = enter(door, "clerk")
    (session,) = [one for one in door.client.get("/api/sessions", headers=mine).json() if one["current"]]
    has_begun = threading.Event()

    async def follow() -> bool:
        sent: list[bytes] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"/api/runs/{run['id']}/events",
            "raw_path": b"",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", httpx.URL(URL).netloc), (b"authorization", mine["Authorization"].encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8787),
        }
        never = asyncio.Event()

        async def receive() -> Message:
            await never.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(bytes(str(message.get("body", "")), "utf-8"))
            if len(sent) > 1:
                has_begun.set()

        await asyncio.wait_for(door.app(scope, receive, send), 60)
        return bool(sent)

    def revoke() -> None:
        assert has_begun.wait(60)
        who = as_person(door.desk.platform, "clerk")
        with door.desk.platform.database.writing(who.org_id) as work:
            door.desk.platform.sessions.revoke(work, who, session["id"])

    thread = threading.Thread(target=revoke)
    thread.start()
    assert asyncio.run(follow())
    thread.join()


def test_the_operator_breaks_the_glass_and_every_administrator_is_shown_it(door: Door) -> None:
    asked = {"person": "finance", "reason": "Single sign-on is down", "minutes": 30}
    answer = door.client.post("/api/sessions/break-glass", json=asked, headers=door.operator)
    token = answer.json()["url"].partition("token=")[2]
    assert_problem(door.get("/api/sessions/break-glass", "clerk"), 403, "forbidden")
    (shown,) = door.get("/api/sessions/break-glass", "manager").json()
    assert (shown["person_name"], shown["reason"], shown["is_open"], shown["used_at"]) == (
        as_person(door.desk.platform, "finance").name,
        "Single sign-on is down",
        True,
        None,
    )
    assert "Single sign-on is down" in door.client.get("/", headers=door.as_("manager")).text
    assert "Single sign-on is down" not in door.client.get("/", headers=door.as_("clerk")).text
    secret = door.client.post("/sign-in", data={"token": token}).cookies["jindou_session_8787"]
    door.client.cookies.clear()
    inside = {"Authorization": f"Bearer {secret}"}
    (session,) = door.client.get("/api/sessions", headers=inside).json()
    assert (session["method"], session["actor"]) == ("break-glass", "operator")
    door.desk.clock.move(timedelta(minutes=30))
    assert_problem(door.client.get("/api/sessions", headers=inside), 401, "unauthenticated")
    assert [one["is_open"] for one in door.get("/api/sessions/break-glass", "manager").json()] == [False]
    actions = [(one["action"], one["actor"]) for one in door.get("/api/audit", "manager").json()]
    assert ("sessions::break-glass", "operator") in actions


def test_the_glass_is_broken_by_the_operator_alone_and_with_a_reason(shared: Door) -> None:
    asked = {"person": "finance", "reason": "Single sign-on is down"}
    refused = shared.client.post("/api/sessions/break-glass", json=asked, headers=shared.as_("manager"))
    assert_problem(refused, 403, "forbidden", rules=["jindou.local-operator"])
    for wrong in ({**asked, "reason": "why not"}, {**asked, "minutes": 481}, {"person": "finance"}):
        answer = shared.client.post("/api/sessions/break-glass", json=wrong, headers=shared.operator)
        assert_problem(answer, 422, "invalid")


def test_sessions_that_are_over_are_not_kept(door: Door) -> None:
    for _ in range(3):
        enter(door, "clerk")
        door.desk.clock.move(timedelta(hours=door.desk.platform.settings.session_hours))
    with door.desk.platform.database.reading(None) as work:
        assert work.session.query(SessionRow).count() == 1


def test_the_page_of_the_sessions_ends_them_by_plain_forms_in_both_languages(door: Door) -> None:
    asked = {"person": "finance", "reason": "Single sign-on is down"}
    door.client.post("/api/sessions/break-glass", json=asked, headers=door.operator)
    first, second, mine = enter(door, "manager"), enter(door, "manager"), enter(door, "manager")
    for language, words in (("en", "Where you are signed in"), ("zh", "您的登录会话")):
        page = door.client.get("/sessions", headers={**mine, "Cookie": f"jindou_language={language}"})
        assert page.status_code == 200
        assert words in page.text
        assert page.text.count("Single sign-on is down") == 2, "The banner, and the list of the week."
    (oldest,) = [one["id"] for one in door.client.get("/api/sessions", headers=first).json() if one["current"]]
    assert door.client.post(f"/sessions/{oldest}/revocation", headers=mine).status_code == 303
    assert door.client.get("/api/sessions", headers=first).status_code == 401
    assert door.client.get("/api/sessions", headers=second).status_code == 200
    assert door.client.post("/sessions/revocation", headers=mine).status_code == 303
    assert door.client.get("/api/sessions", headers=second).status_code == 401
    assert door.client.get("/sessions", headers=mine).status_code == 200

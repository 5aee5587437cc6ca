"""How a connection ends: slow clients, clients that leave, answers that break, and the end of the server."""

import socket
import time
from collections.abc import Callable

import pytest
from wire_site import Client, Site, post, serving

from support.waiting import wait_for

Connect = Callable[[Site], Client]


@pytest.mark.parametrize("chunked", [False, True])
def test_the_application_is_told_of_a_body_that_is_too_large(connect: Connect, *, chunked: bool) -> None:
    body = b"x" * 200_000
    with serving() as (site, _):
        sent = post("/echo", body)
        if chunked:
            head = b"POST /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
            sent = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        told = connect(site).send(sent + post("/smuggled")).rest()
        assert told.startswith(b"HTTP/1.1 413 ")
        assert told.endswith(b"\r\n\r\ntoo large")
        assert site.asked == ["POST /echo"]


def test_a_large_body_is_for_the_paths_that_take_one(connect: Connect) -> None:
    with serving(body_bytes=1000, small_bytes=100, large_at=b"/hold") as (site, _):
        site.go()
        assert connect(site).send(post("/echo", b"x" * 100)).read().status == 200
        assert connect(site).send(post("/echo", b"x" * 101)).read().status == 413
        assert connect(site).send(post("/hold", b"x" * 1000)).read().status == 200
        assert connect(site).send(post("/hold", b"x" * 1001)).read().status == 413


def test_large_bodies_that_come_slowly_have_so_much_room_together_and_small_ones_need_none(connect: Connect) -> None:
    with serving(body_bytes=1000, small_bytes=100, room_bytes=2000) as (site, _):
        slow = [connect(site).send(post("/hold", b"x" * 1000)[:-1]) for _ in range(2)]
        wait_for(lambda: connect(site).send(post("/echo", b"x" * 1000)).read().status == 429)
        assert connect(site).send(post("/echo", b"x" * 100)).read().status == 200
        slow[0].close()
        wait_for(lambda: connect(site).send(post("/echo", b"x" * 900)).read().status == 200)
        slow[1].send(b"x")
        wait_for(lambda: site.asked.count("POST /hold") == 1)
        more = connect(site).send(post("/hold", b"x" * 900))
        wait_for(lambda: site.asked.count("POST /hold") == 2)
        assert connect(site).send(post("/echo", b"x" * 900)).read().status == 429
        site.go()
        assert (slow[1].read().status, more.read().status) == (200, 200)
        for _ in range(5):
            assert connect(site).send(post("/echo", b"x" * 1000)).read().status == 200


def test_large_bodies_that_come_together_give_their_room_back(connect: Connect) -> None:
    with serving(body_bytes=1000, small_bytes=100, room_bytes=1000) as (site, _):
        client = connect(site).send(post("/hold", b"x" * 300) + post("/one", b"x" * 300) + post("/two", b"x" * 300))
        wait_for(lambda: site.asked == ["POST /hold"])
        client.close()
        assert connect(site).send(post("/echo", b"x" * 1000)).read().status == 429
        site.go()
        wait_for(lambda: connect(site).send(post("/echo", b"x" * 1000)).read().status == 200)


def test_a_request_that_does_not_come_whole_in_time_is_refused(connect: Connect) -> None:
    with serving(request_seconds=2.0) as (site, _):
        slow_head, slow_body, silent = connect(site), connect(site), connect(site)
        slow_head.send(b"GET /echo HTTP/1.1\r\nHo")
        slow_body.send(post("/echo", b"1234")[:-2])
        assert slow_head.rest().startswith(b"HTTP/1.1 408 ")
        assert slow_body.rest().startswith(b"HTTP/1.1 408 ")
        assert silent.rest() == b""
        assert site.asked == []


def test_a_connection_without_requests_is_closed(connect: Connect) -> None:
    with serving(idle_seconds=0.1) as (site, _):
        client = connect(site).send(post("/echo"))
        assert client.read().status == 200
        assert client.rest() == b""


def test_an_answer_may_take_longer_than_a_request(connect: Connect) -> None:
    with serving(request_seconds=2.0, idle_seconds=0.1) as (site, _):
        client = connect(site).send(post("/hold"))
        time.sleep(2.5)
        site.go()
        assert client.read().body == b"held"


def test_a_stream_comes_piece_by_piece_and_its_head_with_the_first(connect: Connect) -> None:
    with serving() as (site, _):
        client = connect(site).send(post("/stream"))
        first = client.socket.recv(1000)
        assert first.startswith(b"HTTP/1.1 200 OK\r\n")
        assert first.endswith(b"transfer-encoding: chunked\r\n\r\n4\r\none \r\n")
        site.go()
        assert client.until(b"0\r\n\r\n") == b"4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"
        assert client.send(post("/echo")).read().status == 200


def test_a_client_of_http_1_0_gets_the_stream_as_it_is(connect: Connect) -> None:
    with serving() as (site, _):
        client = connect(site).send(b"GET /stream HTTP/1.0\r\n\r\n")
        site.go()
        head, _, body = client.rest().partition(b"\r\n\r\n")
        assert b"transfer-encoding" not in head
        assert body == b"one two three"


def test_a_client_that_reads_slowly_holds_the_application_up_and_is_given_up(connect: Connect) -> None:
    with serving(slow_seconds=0.2) as (site, _):
        client = connect(site)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(post("/flood"))
        assert site.has_left.wait(60)
        assert site.sent < 50_000_000


def test_a_client_that_reads_on_is_not_given_up(connect: Connect) -> None:
    with serving(slow_seconds=10.0) as (site, _):
        client = connect(site).send(post("/flood"))
        read = 0
        while read < 20_000_000:
            read += len(client.socket.recv(1 << 20))
        assert not site.has_left.is_set()
        client.close()
        assert site.has_left.wait(60)


@pytest.mark.parametrize("path", ["/hold", "/stream"])
def test_the_application_hears_of_a_client_that_leaves_in_the_middle(connect: Connect, path: str) -> None:
    with serving() as (site, _):
        client = connect(site).send(post(path))
        wait_for(lambda: bool(site.asked))
        client.close()
        assert site.has_left.wait(60)
        assert site.left == [path]


def test_a_client_that_closes_its_half_has_left_and_may_still_read(connect: Connect) -> None:
    with serving() as (site, _):
        client = connect(site).send(post("/hold") + post("/echo"))
        wait_for(lambda: bool(site.asked))
        client.socket.shutdown(socket.SHUT_WR)
        if site.has_left.wait(0.2):
            pytest.fail("It was not told before the request that waits was read.")
        site.go()
        assert client.read().body == b"held"


def test_an_answer_that_breaks_off_does_not_look_whole(connect: Connect) -> None:
    with serving() as (site, _):
        told = connect(site).send(post("/break")).rest()
        assert not told.endswith(b"0\r\n\r\n")


def test_the_end_of_the_server_waits_for_answers_and_takes_no_more(connect: Connect) -> None:
    with serving() as (site, server):
        idle, busy = connect(site).send(post("/echo")), connect(site).send(post("/hold"))
        assert idle.read().status == 200
        wait_for(lambda: len(site.asked) == 2)
        site.call(server.stop)
        assert idle.rest() == b""
        site.go()
        assert busy.read().body == b"held"
        assert busy.rest() == b""
        with pytest.raises(OSError, match="refused"):
            connect(site)


@pytest.mark.parametrize("twice", [False, True])
def test_what_does_not_end_in_time_is_broken_off(connect: Connect, *, twice: bool) -> None:
    with serving(grace_seconds=30 if twice else 0.1) as (site, server):
        client = connect(site).send(post("/hold"))
        wait_for(lambda: bool(site.asked))
        site.call(server.stop)
        if twice:
            site.call(server.stop)
        assert client.rest() == b""

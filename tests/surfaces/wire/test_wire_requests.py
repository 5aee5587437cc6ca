"""What a request may be: read as RFC 9112 has it, and refused where two servers could read it differently."""

from collections.abc import Callable

import pytest
from wire_site import Client, Site, post, serving

Connect = Callable[[Site], Client]
HEAD = "POST /echo HTTP/1.1\r\nHost: here\r\n"
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        f"{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        f"{HEAD}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        f"{HEAD}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        f"{HEAD}Content-Length: 3, 3\r\n\r\nabc",
        f"{HEAD}Content-Length: +3\r\n\r\nabc",
        f"{HEAD}Content-Length: -3\r\n\r\nabc",
        f"{HEAD}Content-Length: 0x3\r\n\r\nabc",
        f"{HEAD}Content-Length: 3 3\r\n\r\nabc",
        f"{HEAD}Content-Length:\r\n\r\nabc",
        f"{HEAD}Content-Length: 99999999999999999999999\r\n\r\nabc",
        f"{HEAD}Content-Length : 3\r\n\r\nabc",
        f"{HEAD}Transfer-Encoding: gzip\r\n\r\n",
        f"{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        f"{HEAD}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        f"{HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        f"{HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        f"{HEAD}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"{HEAD}X: a\r\n folded\r\n\r\n",
        f"{HEAD}X: a\nContent-Length: 0\r\n\r\n",
        f"{HEAD}X: a\rContent-Length: 0\r\n\r\n",
        f"{HEAD}X: a\0b\r\n\r\n",
        "POST /echo HTTP/1.1\nHost: here\n\n",
        f"{CHUNKED}3\nabc\n0\n\n",
        f"{CHUNKED}zz\r\nabc\r\n0\r\n\r\n",
        f"{CHUNKED}0x3\r\nabc\r\n0\r\n\r\n",
        f"{CHUNKED}-3\r\nabc\r\n0\r\n\r\n",
        f"{CHUNKED}3 \r\nabc\r\n0\r\n\r\n",
        f"{CHUNKED}3;a\nb\r\nabc\r\n0\r\n\r\n",
        f"{CHUNKED}3\r\nabcd\r\n0\r\n\r\n",
        f"{CHUNKED}fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: here\r\nHost: there\r\n\r\n",
        "GET /e cho HTTP/1.1\r\nHost: here\r\n\r\n",
        "CONNECT here:80 HTTP/1.1\r\nHost: here\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_two_servers_could_read_differently_is_refused_and_the_connection_ends(
    steady: Site, connect: Connect, sent: str
) -> None:
    before = len(steady.asked)
    told = connect(steady).send(sent.encode() + post("/smuggled")).rest()
    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told.count(b"HTTP/1.1") == 1
    assert b"\r\nconnection: close\r\n" in told
    assert steady.asked[before:] == []


@pytest.mark.parametrize("version", ["0.9", "2.0"])
def test_another_version_is_refused(steady: Site, connect: Connect, version: str) -> None:
    told = connect(steady).send(f"GET /echo HTTP/{version}\r\nHost: here\r\n\r\n".encode()).rest()
    assert told.startswith(b"HTTP/1.1 505 ")


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_request_is_the_same_however_its_bytes_come(steady: Site, connect: Connect, step: int) -> None:
    client = connect(steady)
    sent = (
        b"\r\n" + post("/echo?a=b%20c", b"body") + f"{CHUNKED}3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nHost: x\r\n\r\n".encode()
    )
    for at in range(0, len(sent), step):
        client.send(sent[at : at + step])
    assert client.read().json() == {"method": "POST", "path": "/echo", "body": "body"}
    assert client.read().json() == {"method": "POST", "path": "/echo", "body": "abcde"}


def test_the_path_is_the_same_in_every_form(steady: Site, connect: Connect) -> None:
    client = connect(steady)
    for target in ("/a%20b%2Fc?x=1", "http://here/a%20b%2Fc?x=1"):
        client.send(f"GET {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        assert client.read().json()["path"] == "/a b/c"


def test_an_offer_of_another_protocol_is_not_taken_and_the_body_is_read(steady: Site, connect: Connect) -> None:
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    client = connect(steady).send(post("/echo", b"body", *offer) + post("/echo", b"next"))
    assert client.read().json()["body"] == "body"
    assert client.read().json()["body"] == "next"


def test_a_client_that_waits_for_it_is_told_to_go_on(steady: Site, connect: Connect) -> None:
    client = connect(steady).send(post("/echo", b"", "Expect: 100-continue").replace(b": 0\r\n", b": 4\r\n"))
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.send(b"body").read().json()["body"] == "body"
    assert connect(steady).send(post("/echo", b"", "Expect: a-pony")).rest().startswith(b"HTTP/1.1 417 ")


def test_a_client_that_waits_is_not_told_to_send_what_is_too_large(steady: Site, connect: Connect) -> None:
    sent = post("/echo", b"", "Expect: 100-continue").replace(b": 0\r\n", b": 1001\r\n")
    assert b"100 Continue" not in connect(steady).send(sent).rest()


def test_requests_that_come_together_are_answered_in_order(steady: Site, connect: Connect) -> None:
    client = connect(steady).send(b"".join(post(f"/{at}", b"x" * at) for at in range(20)))
    assert [client.read().json()["path"] for _ in range(20)] == [f"/{at}" for at in range(20)]


def test_more_requests_than_may_wait_are_answered_up_to_there(connect: Connect) -> None:
    with serving(ahead=3) as (site, _):
        told = connect(site).send(b"".join(post(f"/{at}") for at in range(20))).rest()
    assert [f"POST /{at}" for at in range(len(site.asked))] == site.asked
    assert told.count(b"HTTP/1.1 200") == len(site.asked) < 20
    assert told.count(b"connection: close") == 1


def test_what_is_broken_behind_a_good_request_is_refused_after_its_answer(steady: Site, connect: Connect) -> None:
    told = connect(steady).send(post("/echo", b"good") + b"nonsense\r\n\r\n").rest()
    assert [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


@pytest.mark.parametrize(
    "sent", ["GET /echo HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", "GET /echo HTTP/1.0\r\n\r\n"]
)
def test_a_client_that_wants_no_more_gets_the_end_of_the_connection(steady: Site, connect: Connect, sent: str) -> None:
    told = connect(steady).send(sent.encode() + post("/late")).rest()
    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.count(b"HTTP/1.1") == 1


def test_a_head_without_a_body_answers_head(steady: Site, connect: Connect) -> None:
    told = connect(steady).send(b"HEAD /echo HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").rest()
    assert told.endswith(b"\r\n\r\n")
    assert b"content-length: 47\r\n" in told


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"a" * 600_000,
        b"GET / HTTP/1.1\r\nHost: here\r\n" + b"X: a\r\n" * 2000,
        CHUNKED.encode() + b"0\r\n" + b"X: a\r\n" * 2000,
    ],
)
def test_a_huge_head_is_refused(steady: Site, connect: Connect, sent: bytes) -> None:
    before = len(steady.asked)
    assert connect(steady).send(sent).rest().startswith(b"HTTP/1.1 431 ")
    assert steady.asked[before:] == []

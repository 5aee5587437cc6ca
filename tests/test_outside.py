"""Where a tenant may have the server connect to: public addresses alone, by whatever way one is written."""

import socket
import threading

import pytest

from jindou.outside import AddressRefused, connect
from support.dawdling import one_that_dawdles


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "192.0.0.8", "224.0.0.1"),
        *(
            "168.63.129.16",
            "192.88.99.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1%eth0",
            "fd00::1",
            "fec0::1",
            "ff02::1",
        ),
        *("::ffff:127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1"),
        *("2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "5f00::1"),
    ],
)
def test_an_address_that_is_not_public_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    def find(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("8.8.8.8", address)]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    with pytest.raises(AddressRefused):
        connect("provider.example", 443, is_tls=True, private=False, seconds=0.1)


def test_a_handshake_that_comes_a_letter_at_a_time_is_hung_up_on() -> None:
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0"
    with one_that_dawdles(record) as port, pytest.raises(OSError, match=r"\S"):
        connect("127.0.0.1", port, is_tls=True, private=True, seconds=0.3)


def test_a_name_that_nobody_looks_up_in_time_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        goes_on.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        # More than there are lookups at a time: those that hang are waited for by nobody.
        for _ in range(20):
            with pytest.raises(TimeoutError, match="in time"):
                connect("slow.example", 443, is_tls=True, private=False, seconds=0.02)
    finally:
        goes_on.set()


def test_a_lookup_whose_thread_can_not_start_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", fail)
        # More than there are lookups at a time.
        for _ in range(20):
            with pytest.raises(OSError, match="no thread"):
                connect("full.example", 443, is_tls=True, private=False, seconds=0.05)

    def find(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    with pytest.raises(AddressRefused):
        connect("free.example", 443, is_tls=True, private=False, seconds=5)

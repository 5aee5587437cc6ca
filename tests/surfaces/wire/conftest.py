"""A server that every test of a module may ask, and one of its own."""

from collections.abc import Callable, Generator

import pytest
from wire_site import Client, Site, serving


@pytest.fixture(scope="module")
def steady() -> Generator[Site]:
    with serving() as (site, _):
        yield site


@pytest.fixture
def connect() -> Generator[Callable[[Site], Client]]:
    clients: list[Client] = []

    def open_client(site: Site) -> Client:
        clients.append(Client(site.port))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()

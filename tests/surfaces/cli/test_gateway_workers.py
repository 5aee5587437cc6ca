"""`jindou gateway` with two workers in processes of their own: their figures, and what they notice while they run."""

import json
import re
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass

import httpx
import pytest

from jindou.home import Home
from jindou.identity.keys import KeyAsk
from support.platform import as_person, open_platform
from support.server import free_port
from support.waiting import wait_for

ASKED = 20


@dataclass(frozen=True, slots=True)
class Workers:
    """Two workers, a key that opens them, and where their figures are."""

    home: Home
    url: str
    secret: str
    figures: tuple[str, str]
    client: httpx.Client

    def model(self) -> str:
        """Return the first model that a worker, either of them, lists."""
        # A connection that is kept would always be of the same worker.
        headers = {"Authorization": f"Bearer {self.secret}", "Connection": "close"}
        listed = self.client.get(f"{self.url}/models", headers=headers).raise_for_status().json()["data"]
        return str(listed[0]["id"])

    def scraped(self, shown: bytes) -> list[httpx.Response]:
        return [self.client.get(url, headers={b"Authorization": shown}) for url in self.figures]

    @property
    def operator(self) -> bytes:
        return f"Bearer {self.home.operator_key()}".encode()

    def counted(self) -> list[int]:
        """Return how many lists of models each worker has answered."""
        answers = self.scraped(self.operator)
        found = [re.search(r'^jindou_requests_total\{route="models".*\} (\d+)', a.text, re.MULTILINE) for a in answers]
        return [int(of[1]) if of else 0 for of in found]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Workers]:
    folder = tmp_path_factory.mktemp("home")
    with open_platform(folder, lambda _: "Hello.") as platform:
        clerk = as_person(platform, "clerk")
        with platform.database.writing(clerk.org_id) as work:
            secret = platform.keys.create(work, clerk, KeyAsk(name="test")).secret
    home = Home(folder)
    home.announce_engines("qwen2.5-coder-0.5b", [])
    port, figures = free_port(), free_port(in_a_row=2)
    command = [sys.executable, "-m", "jindou", "gateway", "--home", str(folder), "--json", "--workers", "2"]
    command += ["--port", str(port), "--metrics-port", str(figures)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, httpx.Client(timeout=60) as client:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            places = (f"http://127.0.0.1:{figures}/metrics", f"http://127.0.0.1:{figures + 1}/metrics")
            workers = Workers(home, url, secret, places, client)
            wait_for(lambda: all(_answers(client, place) for place in places))
            yield workers
        finally:
            process.terminate()
            process.wait(timeout=120)


def _answers(client: httpx.Client, place: str) -> bool:
    try:
        return client.get(place).status_code == 403
    except httpx.TransportError:
        return False


def test_each_worker_tells_what_it_has_done_on_a_port_of_its_own(workers: Workers) -> None:
    before = sum(workers.counted())
    for _ in range(ASKED):
        workers.model()
    wait_for(lambda: sum(workers.counted()) == before + ASKED)
    for answer in workers.scraped(workers.operator):
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "process_resident_memory_bytes" in answer.text


def test_figures_are_for_whoever_shows_the_operators_key(workers: Workers) -> None:
    for shown in (b"", f"Bearer {workers.secret}".encode(), b"Bearer \xff", workers.operator[:-1]):
        assert [answer.status_code for answer in workers.scraped(shown)] == [403, 403]
    (place, _) = workers.figures
    assert workers.client.get(place.replace("/metrics", "/")).status_code == 404


def test_a_worker_notices_another_model_of_the_settings(workers: Workers) -> None:
    wait_for(lambda: workers.model() == "qwen2.5-coder-0.5b")
    workers.home.announce_engines("qwen2.5-coder-1.5b", [])
    wait_for(lambda: workers.model() == "qwen2.5-coder-1.5b")

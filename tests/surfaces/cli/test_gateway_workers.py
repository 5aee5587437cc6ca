"""`jindou gateway` with two workers in processes of their own: their figures, what they notice, and how they end."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from jindou.home import Home
from jindou.identity.keys import KeyAsk
from jindou.models.deployments import DeploymentAsk
from support.platform import MODEL, as_person, open_platform
from support.server import free_port
from support.upstream import OpenAIServer, delta, finish, open_upstream, usage
from support.waiting import wait_for

ASKED = 20
SLOW = "slow"
PROXY = "ai.acme.example"


@dataclass(frozen=True, slots=True)
class Workers:
    """Two workers, a key that opens them, and where their figures are."""

    home: Home
    url: str
    secret: str
    figures: tuple[str, str]
    client: httpx.Client
    process: "subprocess.Popen[str]"

    @contextmanager
    def under_way(self) -> Generator[Iterator[str]]:
        """Ask the model `SLOW`, and give the lines of its answer behind the first piece."""
        body = {"model": SLOW, "messages": [{"role": "user", "content": "Hello"}], "stream": True}
        headers = {"Authorization": f"Bearer {self.secret}"}
        with self.client.stream("POST", f"{self.url}/chat/completions", json=body, headers=headers) as answer:
            lines = answer.iter_lines()
            assert '"one "' in next(line for line in lines if "content" in line)
            yield lines

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
    with working(tmp_path_factory.mktemp("home")) as workers:
        yield workers


@contextmanager
def working(folder: Path, upstream: str = "") -> Generator[Workers]:
    """Have two workers until the block ends; the model `SLOW` is at `upstream`, if there is one."""
    with open_platform(folder, lambda _: "Hello.") as platform:
        clerk, manager = as_person(platform, "clerk"), as_person(platform, "manager")
        with platform.database.writing(clerk.org_id) as work:
            secret = platform.keys.create(work, clerk, KeyAsk(name="test")).secret
        if upstream:
            members = [{"engine": "far", "model": MODEL, "url": upstream}]
            with platform.database.writing(manager.org_id) as work:
                asked = DeploymentAsk.model_validate({"name": SLOW, "members": members})
                platform.deployments.create(work, manager, asked)
    settings = f'public_url = "https://{PROXY}"\nmax_body_mb = 2\n'
    (folder / "jindou.toml").write_text(settings, encoding="utf-8")
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
            workers = Workers(home, url, secret, places, client, process)
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


@pytest.mark.parametrize(("host", "status"), [(PROXY, 200), ("evil.example", 400)])
def test_a_proxy_that_keeps_the_host_is_let_in_by_the_name_of_the_settings(
    workers: Workers, host: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {workers.secret}", "Host": host}
    assert workers.client.get(f"{workers.url}/models", headers=headers).status_code == status


@pytest.mark.parametrize(("size", "status"), [(2_000_000, 400), (2_000_001, 413)])
def test_a_body_may_be_as_large_as_the_settings_say(workers: Workers, size: int, status: int) -> None:
    headers = {"Authorization": f"Bearer {workers.secret}"}
    answer = workers.client.post(f"{workers.url}/chat/completions", content=b" " * size, headers=headers)
    assert answer.status_code == status


def slow(upstream: OpenAIServer, seconds: float) -> None:
    """Have an answer take so long between its pieces."""
    upstream.events = [delta(content="one "), seconds, delta(content="two"), finish("stop"), usage(5, 0, 2)]


def test_what_is_under_way_is_answered_after_one_signal(tmp_path: Path) -> None:
    with open_upstream() as upstream, working(tmp_path, upstream.url) as workers:
        slow(upstream, 2.0)
        with workers.under_way() as lines:
            workers.process.send_signal(signal.SIGTERM)
            told = "".join(lines)
        assert '"two"' in told
        assert told.endswith("data: [DONE]")
        assert workers.process.wait(timeout=60) == 0


def test_what_is_under_way_is_broken_off_after_two_signals(tmp_path: Path) -> None:
    with open_upstream() as upstream, working(tmp_path, upstream.url) as workers:
        slow(upstream, 60.0)
        with workers.under_way() as lines:
            workers.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            workers.process.send_signal(signal.SIGINT)
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
        assert workers.process.wait(timeout=60) == 0

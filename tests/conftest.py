"""What any test may ask for: both databases, the real small model, a real browser, and Qwen Code."""

import shutil
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect, sync_playwright
from pydantic_settings import BaseSettings

from jindou.db import Database
from support.cached import CACHE, fetch_model, fetching
from support.ground import open_database
from support.node import NoNode
from support.openid.honest import HonestProvider, running_provider
from support.platform import FakeClock
from support.qwen_code import QwenCode, install
from support.servers import Server, open_server


class _Environment(BaseSettings):
    """Whether this is a run in which everything has to be there."""

    ci: bool = False


# How long an example takes says more about what else the machine does.
settings.register_profile("busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run look deeper than every run has time for."""
    parser.addoption("--examples", type=int, default=4, help="Requests that schemathesis makes up for an operation.")


_THREAD_SECONDS = 30.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_BROWSER_MS = 60_000
"""How long a page may take for anything, on a machine that does other work, too."""
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module", autouse=True)
def threads_end() -> Generator[None]:
    """Fail a module whose threads outlive it: what they do next happens to somebody else's test."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + _THREAD_SECONDS
    new = [thread for thread in threading.enumerate() if thread not in before]
    for thread in new:
        thread.join(timeout=max(0.0, deadline - time.monotonic()))
    left = [thread.name for thread in new if thread.is_alive()]
    assert not left, f"Threads are still at work: {', '.join(left)}."


@pytest.fixture(scope="session")
def server() -> Generator[Server]:
    """Return a PostgreSQL server, the one of the whole test run."""
    with open_server() as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Generator[Database]:
    """Return a migrated database of its own, of one kind and then of the other."""
    if request.param == "sqlite":
        with open_database(tmp_path, clock) as database:
            yield database
        return
    server: Server = request.getfixturevalue("server")
    database = server.open(clock)
    yield database
    database.close()


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Return the folder where model files are kept from one test run to the next."""
    return CACHE / "models"


@pytest.fixture(scope="session")
def small_model() -> Path:
    """Return the file of the 0.5B model, fetched once and verified."""
    return fetch_model("qwen2.5-coder-0.5b")


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Return a headless Chromium; without one the test is skipped, but not where everything must be there.

    It is one for a module, since the event loop that drives it would be in the way of the tests after it.
    """
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        if _Environment().ci:
            pytest.fail("There is no Chromium, and under CI the browser tests must run.")
        pytest.skip("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        expect.set_options(timeout=_BROWSER_MS)
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET), timeout=_BROWSER_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def honest() -> Generator[HonestProvider]:
    """Return a real OpenID provider; without node the test is skipped, but not where everything must be there."""
    try:
        with running_provider(Path.home() / ".cache" / "jindou" / "npm") as provider:
            yield provider
    except NoNode as error:
        if _Environment().ci:
            pytest.fail(f"{error} Under CI the tests with a real OpenID provider must run.")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def qwen_code() -> QwenCode:
    """Return Qwen Code; without node the test is skipped, but not where everything must be there."""
    try:
        with fetching("qwen-code"):
            return install(CACHE / "npm")
    except NoNode as error:
        if _Environment().ci:
            pytest.fail(f"{error} Under CI the tests with Qwen Code must run.")
        pytest.skip(str(error))

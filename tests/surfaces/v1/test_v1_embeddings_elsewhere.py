"""`/v1/embeddings` of other people's servers: what they refuse, what they used, and who is asked when one fails."""

import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack
from itertools import count
from typing import Any

import httpx
import pytest
from gateway_site import MODEL, Gateway
from sqlalchemy import Engine, select

from jindou.billing.usage.tables import MeterAttemptRow
from jindou.db import DatabaseUnavailable
from jindou.models.deployments import DeploymentAsk
from support.commits import before_commits
from support.embedding_server import Answer, EmbeddingServer, Say, embeds, hangs_up, open_embedding_server, refuses
from support.platform import as_person

SECRET = "sk-very-secret-123"
NUMBERS = count(1)
ELEVEN = [f"Text {at}" for at in range(11)]
"""One more than a server is given at once."""


class Elsewhere:
    """The servers of one test, as the engines of a deployment of its own."""

    def __init__(self, gateway: Gateway, name: str, stack: ExitStack) -> None:
        self.gateway = gateway
        self.name = name
        self.servers: list[EmbeddingServer] = []
        self._stack = stack

    def serve(self, *each: list[Say]) -> None:
        """Open a server for each list of what one says; a lower rank is asked first."""
        self.servers = [self._stack.enter_context(open_embedding_server(*says)) for says in each]
        members = [
            {"engine": f"{self.name}-{at}", "model": MODEL, "url": server.url, "rank": at}
            for at, server in enumerate(self.servers)
        ]
        manager = as_person(self.gateway.platform, "manager")
        ask = DeploymentAsk.model_validate({"name": self.name, "members": members})
        with self.gateway.platform.database.writing(manager.org_id) as work:
            self.gateway.platform.deployments.create(work, manager, ask)

    def post(self, given: object = "Hello") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.gateway.key().secret}"}
        body = {"model": self.name, "input": given}
        return httpx.post(f"{self.gateway.url}/embeddings", json=body, headers=headers, timeout=60, trust_env=False)

    @property
    def asked(self) -> list[int]:
        """How often each server was asked."""
        return [len(server.asked) for server in self.servers]

    @property
    def rows(self) -> list[int]:
        """The tokens of each of its rows in the ledger, the oldest first."""
        latest = self.gateway.statement().latest
        return [row.quantities.input_tokens for row in reversed(latest) if row.deployment == self.name]

    @property
    def attempts(self) -> list[tuple[str, str]]:
        """The status and the reason of each of its attempts."""
        mine = select(MeterAttemptRow).where(MeterAttemptRow.deployment == self.name).order_by(MeterAttemptRow.id)
        with self.gateway.platform.database.reading(None) as work:
            return [(row.status, row.reason) for row in work.session.scalars(mine)]

    @property
    def statuses(self) -> list[str]:
        """The status of each of its attempts."""
        return [status for status, _ in self.attempts]


@pytest.fixture
def elsewhere(steady: Gateway) -> Generator[Elsewhere]:
    with ExitStack() as stack:
        yield Elsewhere(steady, f"elsewhere-{next(NUMBERS)}", stack)


def answers_nothing(_: dict[str, Any]) -> Answer:
    return Answer(200, b"{}")


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_what_was_read_before_a_later_part_was_refused_is_in_the_ledger(elsewhere: Elsewhere) -> None:
    elsewhere.serve([embeds(1000), refuses(400, "This is too long.")])
    answer = elsewhere.post(ELEVEN)
    assert error_of(answer) == (400, "engine_refused")
    assert "This is too long." in answer.json()["error"]["message"]
    assert (elsewhere.rows, elsewhere.statuses) == ([1000], ["settled"])


def test_what_was_read_before_a_later_part_died_is_unknown_and_told(elsewhere: Elsewhere) -> None:
    elsewhere.serve([embeds(1000), hangs_up])
    assert error_of(elsewhere.post(ELEVEN)) == (503, "engine_died")
    assert elsewhere.rows == []
    ((status, reason),) = elsewhere.attempts
    assert status == "unknown"
    assert "1,000 tokens" in reason


def test_each_engine_has_a_row_where_the_next_one_begins_again(elsewhere: Elsewhere) -> None:
    elsewhere.serve([embeds(1000), refuses(500, "Out of memory.")], [embeds(900), embeds(90)])
    answer = elsewhere.post(ELEVEN)
    assert answer.json()["usage"]["prompt_tokens"] == 990
    assert (elsewhere.rows, elsewhere.statuses) == ([1000, 990], ["settled", "settled"])


def test_what_was_refused_at_once_costs_nothing(elsewhere: Elsewhere) -> None:
    elsewhere.serve([refuses(422, "No such thing.")])
    assert error_of(elsewhere.post()) == (400, "engine_refused")
    assert (elsewhere.rows, elsewhere.statuses) == ([], ["void"])


@pytest.mark.parametrize(
    ("status", "told"),
    [(400, (400, "engine_refused")), (401, (503, "engine_unavailable")), (500, (503, "engine_unavailable"))],
)
def test_a_key_that_a_server_repeats_is_told_to_nobody(
    elsewhere: Elsewhere, status: int, told: tuple[int, str]
) -> None:
    elsewhere.serve([refuses(status, f"Incorrect API key provided: Bearer {SECRET}")])
    folder = elsewhere.gateway.platform.home.engine_keys
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / f"{elsewhere.name}-0.key"
    key.write_text(SECRET, encoding="utf-8")
    key.chmod(0o600)
    answer = elsewhere.post()
    assert error_of(answer) == told
    assert SECRET not in answer.text
    ((_, reason),) = elsewhere.attempts
    assert reason
    assert SECRET not in reason


def test_a_text_that_is_too_long_elsewhere_is_refused_by_the_limit(elsewhere: Elsewhere) -> None:
    told = "This model's maximum context length is 512 tokens. However, you requested 600 tokens in the input."
    elsewhere.serve([refuses(400, told)])
    answer = elsewhere.post()
    assert error_of(answer) == (400, "context_length_exceeded")
    assert "A text has 600 tokens, 88 over the 512" in answer.json()["error"]["message"]


def test_an_engine_that_had_too_many_requests_rests_as_long_as_it_says(elsewhere: Elsewhere) -> None:
    elsewhere.serve([refuses(429, retry_after="60")], [embeds(7)])
    for _ in range(2):
        assert elsewhere.post().status_code == 200
    assert elsewhere.asked == [1, 2]
    assert elsewhere.statuses == ["void", "settled", "settled"]


def test_a_client_is_told_when_to_come_again_where_no_other_engine_is_left(elsewhere: Elsewhere) -> None:
    elsewhere.serve([refuses(429, "Slow down.", retry_after="60")])
    answer = elsewhere.post()
    assert error_of(answer) == (429, "engine_limited")
    assert answer.headers["retry-after"] == "60"


def test_a_model_that_a_server_does_not_have_is_had_of_the_next_one(elsewhere: Elsewhere) -> None:
    elsewhere.serve([refuses(404, "No such model.")], [embeds(7)])
    assert elsewhere.post().status_code == 200
    assert elsewhere.rows == [7]


@pytest.fixture
def failing() -> Generator[Callable[[int], None]]:
    """Return what has so many of the ledger's next commits fail."""
    left = 0

    def fail(_: Engine) -> None:
        nonlocal left
        if left and threading.current_thread().name == "ledger":
            left -= 1
            raise DatabaseUnavailable("The database is locked.")

    def begin(times: int) -> None:
        nonlocal left
        left = times

    end = before_commits(fail)
    yield begin
    end()


def test_nobody_is_asked_again_where_the_figures_could_not_be_written(
    elsewhere: Elsewhere, failing: Callable[[int], None]
) -> None:
    def then_fails(body: dict[str, Any]) -> Answer:
        failing(1)
        return embeds(7)(body)

    elsewhere.serve([then_fails, embeds(8)], [embeds(9)])
    assert error_of(elsewhere.post()) == (503, "database_unavailable")
    assert elsewhere.post().status_code == 200
    assert elsewhere.asked == [2, 0]
    assert sorted(elsewhere.rows) == [7, 8], "What could not be written is written later."


def test_a_database_that_fails_is_not_held_against_an_engine(
    elsewhere: Elsewhere, failing: Callable[[int], None]
) -> None:
    elsewhere.serve([embeds(7)])
    for _ in range(5):
        failing(1)
        assert error_of(elsewhere.post()) == (503, "database_unavailable")
    assert elsewhere.asked == [0]
    assert elsewhere.post().status_code == 200


def test_a_text_of_which_engines_die_ends_two_of_them_and_no_more(elsewhere: Elsewhere) -> None:
    elsewhere.serve([hangs_up], [hangs_up], [hangs_up], [embeds(7)])
    assert error_of(elsewhere.post()) == (503, "engine_died")
    assert elsewhere.asked == [1, 1, 0, 0]
    assert elsewhere.statuses == ["unknown", "unknown"]


def test_an_engine_that_says_no_is_none_of_the_two(elsewhere: Elsewhere) -> None:
    elsewhere.serve([hangs_up], [refuses(429, retry_after="60")], [embeds(7)])
    assert elsewhere.post().status_code == 200
    assert elsewhere.asked == [1, 1, 1]
    assert elsewhere.statuses == ["unknown", "void", "settled"]


def test_an_answer_without_embeddings_is_a_death(elsewhere: Elsewhere) -> None:
    elsewhere.serve([answers_nothing], [answers_nothing], [embeds(7)])
    assert error_of(elsewhere.post()) == (503, "engine_died")
    assert elsewhere.asked == [1, 1, 0]


def test_one_that_has_just_died_is_asked_after_all_others(elsewhere: Elsewhere) -> None:
    elsewhere.serve([hangs_up], [embeds(7)])
    for _ in range(2):
        assert elsewhere.post().status_code == 200
    assert elsewhere.asked == [1, 2]
    assert elsewhere.statuses == ["unknown", "settled", "settled"]

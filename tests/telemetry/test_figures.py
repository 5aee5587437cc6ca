"""The figures: what is counted comes out in a form that Prometheus's own parser reads."""

import threading
import time

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from jindou.telemetry import Family, Metrics


def read(metrics: Metrics) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(metrics.text())}


def value(family: Metric, name: str, **labels: str) -> float:
    return next(s.value for s in family.samples if s.name == name and s.labels.items() >= labels.items())


def test_a_request_is_counted_with_its_time_its_first_token_and_its_tokens() -> None:
    metrics = Metrics()
    metrics.requests.begun("chat")
    metrics.requests.done("chat", "qwen", 200, 0.3, 0.02, (7, 90, 20, 3))
    seen = read(metrics)
    assert value(seen["jindou_requests"], "jindou_requests_total", route="chat", model="qwen", status="200") == 1
    duration = seen["jindou_request_duration_seconds"]
    assert value(duration, "jindou_request_duration_seconds_bucket", le="0.25") == 0
    assert value(duration, "jindou_request_duration_seconds_bucket", le="0.5") == 1
    assert value(duration, "jindou_request_duration_seconds_sum") == 0.3
    first = seen["jindou_time_to_first_token_seconds"]
    assert value(first, "jindou_time_to_first_token_seconds_bucket", le="0.025") == 1
    kinds = {s.labels["kind"]: s.value for s in seen["jindou_tokens"].samples}
    assert kinds == {"input": 7, "cached": 90, "output": 20, "reasoning": 3}


def test_a_request_under_way_is_in_flight_until_it_is_done() -> None:
    metrics = Metrics()
    metrics.requests.begun("chat")
    metrics.requests.begun("chat")
    metrics.requests.done("chat", "qwen", 499, 1.0)
    assert value(read(metrics)["jindou_requests_in_flight"], "jindou_requests_in_flight", route="chat") == 1


def test_nothing_is_lost_when_many_threads_count_at_once() -> None:
    metrics = Metrics()

    def count() -> None:
        for _ in range(3000):
            metrics.requests.begun("chat")
            metrics.requests.done("chat", "qwen", 200, 0.1, None, (1, 0, 1, 0))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = read(metrics)
    assert value(seen["jindou_requests"], "jindou_requests_total") == 12_000
    assert value(seen["jindou_tokens"], "jindou_tokens_total", kind="input") == 12_000
    assert value(seen["jindou_requests_in_flight"], "jindou_requests_in_flight") == 0


def test_names_that_clients_make_up_can_not_fill_the_memory() -> None:
    metrics = Metrics()
    for at in range(5000):
        metrics.requests.done("chat", f"model-{at}", 200, 0.1)
    total = read(metrics)["jindou_requests"]
    assert len(total.samples) == 1001
    assert value(total, "jindou_requests_total", model="other") == 4000


def test_a_label_with_quotes_and_newlines_comes_back_as_it_was() -> None:
    metrics = Metrics()
    name = 'a "name"\\n with \n and \\'
    metrics.requests.done("chat", name, 200, 0.1)
    assert value(read(metrics)["jindou_requests"], "jindou_requests_total", model=name) == 1


def test_batches_of_the_ledger_are_counted() -> None:
    metrics = Metrics()
    metrics.ledger.committed(3, 0.004)
    seen = read(metrics)
    assert value(seen["jindou_ledger_batch_size"], "jindou_ledger_batch_size_bucket", le="4") == 1
    assert value(seen["jindou_ledger_commit_seconds"], "jindou_ledger_commit_seconds_sum") == 0.004


def test_a_family_without_samples_is_left_out() -> None:
    assert "jindou_nothing" not in Metrics().text([Family("jindou_nothing", "Nothing.", "gauge")])


def test_counting_a_request_costs_microseconds_at_most() -> None:
    metrics = Metrics()
    best = 1.0
    for _ in range(5):
        began = time.thread_time()
        for _ in range(5000):
            metrics.requests.begun("chat")
            metrics.requests.done("chat", "qwen", 200, 0.3, 0.02, (7, 90, 20, 3))
        best = min(best, (time.thread_time() - began) / 5000)
    # About one microsecond where nothing else runs; the bound is for machines that are busy.
    assert best < 5e-6


def test_the_speed_of_a_model_is_that_of_its_writing_and_the_newest_answers_count_most() -> None:
    requests = Metrics().requests
    requests.done("chat", "streamed", 200, 3.0, 1.0, (7, 0, 80, 20))
    requests.done("chat", "whole", 200, 2.0, 1.99, (7, 0, 100, 0))
    requests.done("playground", "streamed", 200, 2.0, 1.0, (7, 0, 100, 0))
    assert requests.speeds() == {"streamed": 50 + 0.2 * (100 - 50), "whole": 50.0}


def test_an_answer_of_hardly_any_tokens_says_nothing_of_a_speed() -> None:
    requests = Metrics().requests
    requests.done("chat", "qwen", 200, 0.5, 0.4, (7, 0, 3, 0))
    requests.done("chat", "qwen", 404, 0.1)
    assert requests.speeds() == {}

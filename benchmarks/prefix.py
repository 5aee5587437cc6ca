"""What it is worth to read a prompt's beginning once, and what the gateway takes from an engine's speed.

``python benchmarks/prefix.py --json`` ends with one line of JSON. It starts `jindou up` with the 0.5B model in a home
of its own, and asks it over `/v1` as any client does.

- `speedup`: time to the first token of a first conversation with a beginning of 1,700 tokens, over that of a second
  one with the same beginning; `speedup_after_restart` the same for a second one after `jindou down` and `jindou up`.
- `throughput_ratio`: tokens a second through the gateway over tokens a second straight from llama.cpp, for one stream
  and for four, in turn and with the same requests; the smaller of the two.

Medians. The figures that end in `_cpu` say the same by processor time, which a busy machine does not blur:
`throughput_ratio_4_cpu` is the engine's share of what the engine and the gateway use together.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil
from proxies.load import free_port

MODEL = "qwen2.5-coder-0.5b"
MODELS = Path.home() / ".cache" / "jindou" / "models"
ASKED = ("What is order 7 about?", "Name one rule.", "Say hello.")
RULES = 90
READ_SECONDS = 600.0
QUIET_SECONDS = 4
IDLE_CPU = 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """A running Jindou, a key for it, and its engine's own address."""

    url: str
    key: str
    engine_url: str
    engine_key: str
    processes: tuple[int, int]

    def cpu(self) -> tuple[float, float]:
        """Return the processor seconds that the server and the engine have used."""
        gateway, engine = (sum(psutil.Process(pid).cpu_times()[:2]) for pid in self.processes)
        return gateway, engine


@dataclass(frozen=True, slots=True)
class First:
    """How long the first token took, on the clock and in the processor; and the tokens that were not read again."""

    seconds: float
    cpu: float
    prompt: int
    cached: int


def main() -> None:
    """Measure, and end with the figures."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with _jindou(home) as server:
            firsts, seconds = _conversations(server, asked.rounds)
            rates = {streams: _rates(server, streams, asked.pairs) for streams in (1, 4)}
            _wait_for_files(home, asked.rounds)
        with _jindou(home) as server:
            again = [_first(server, _beginning(n), ASKED[2]) for n in range(asked.rounds)]
    figures = _figures(firsts, seconds, again) | _throughput(rates)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _conversations(server: Server, rounds: int) -> tuple[list[First], list[First]]:
    firsts: list[First] = []
    seconds: list[First] = []
    for n in range(rounds):
        firsts.append(_first(server, _beginning(n), ASKED[0]))
        seconds.append(_first(server, _beginning(n), ASKED[1]))
    return firsts, seconds


def _figures(firsts: list[First], seconds: list[First], again: list[First]) -> dict[str, dict[str, object]]:
    against = f"a first conversation with the same beginning of {firsts[0].prompt:,} tokens"
    cold, cold_cpu = median(f.seconds for f in firsts), median(f.cpu for f in firsts)
    figures: dict[str, dict[str, object]] = {}
    for name, found in (("speedup", seconds), ("speedup_after_restart", again)):
        figures[name] = _figure(cold / median(f.seconds for f in found), "times", ">= 20", against)
        figures[f"{name}_cpu"] = _figure(cold_cpu / median(f.cpu for f in found), "times", "report", against)
    cached = min(f.cached / f.prompt for f in (*seconds, *again))
    return figures | {
        "first_token_cold_s": _figure(cold, "s", "report", "nothing read before"),
        "first_token_warm_s": _figure(median(f.seconds for f in seconds), "s", "report", "read before"),
        "first_token_after_restart_s": _figure(median(f.seconds for f in again), "s", "report", "loaded from disk"),
        "cached_share": _figure(cached, "share of the prompt", "report", "the least of all second conversations"),
    }


def _throughput(rates: dict[int, list[tuple[float, float]]]) -> dict[str, dict[str, object]]:
    against = "the same requests straight to llama.cpp"
    figures = {
        f"throughput_ratio_{streams}": _figure(median(clock for clock, _ in found), "share", "report", against)
        for streams, found in rates.items()
    }
    cpu = {
        f"throughput_ratio_{streams}_cpu": _figure(median(cpu for _, cpu in found), "share", "report", against)
        for streams, found in rates.items()
    }
    least = min(median(clock for clock, _ in found) for found in rates.values())
    return {"throughput_ratio": _figure(least, "share", ">= 0.97", against), **figures, **cpu}


def _figure(value: float, unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": round(value, 3), "unit": unit, "reach": reach, "against": against}


def _beginning(n: int) -> str:
    rules = (f"Rule {n}-{at}: for order {at * 37 + n} keep to the facts." for at in range(RULES))
    return f"You are assistant {n} of a lamp shop. " + " ".join(rules)


def _first(server: Server, system: str, content: str) -> First:
    """Ask, and take the time until the first text. The rest is a few tokens."""
    body = _body([{"role": "system", "content": system}, {"role": "user", "content": content}], 4)
    before, begun = sum(server.cpu()), time.monotonic()
    seconds = cpu = 0.0
    usage: dict[str, Any] = {}
    for event in _events(f"{server.url}/v1", server.key, body):
        if not seconds and any(choice["delta"].get("content") for choice in event["choices"]):
            seconds, cpu = time.monotonic() - begun, sum(server.cpu()) - before
        usage = event.get("usage") or usage
    found = First(seconds, cpu, usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"])
    print(f"{seconds:7.2f} s, {cpu:6.2f} CPU-s, {found.cached} of {found.prompt} cached", file=sys.stderr, flush=True)
    # What the server does with what it has read, it does after the answer.
    time.sleep(2)
    return found


def _rates(server: Server, streams: int, pairs: int) -> list[tuple[float, float]]:
    """Return for each pair of runs the ratio by the clock, and the engine's share of the processor time."""
    ratios: list[tuple[float, float]] = []
    for pair in range(pairs + 1):
        ways = {True: (f"{server.url}/v1", server.key), False: (server.engine_url, server.engine_key)}
        # Who is first changes every time.
        found = {gateway: _rate(server, *ways[gateway], streams) for gateway in ((pair % 2 == 0), (pair % 2 != 0))}
        ratio, share = found[True][0] / found[False][0], found[True][1]
        line = f"{streams} streams: {found[True][0]:6.1f} of {found[False][0]:6.1f} tokens/s"
        print(line, f"{ratio:.3f}, the engine has {share:.3f} of the processor", file=sys.stderr, flush=True)
        if pair:
            # The first pair warms up.
            ratios.append((ratio, share))
    return ratios


def _rate(server: Server, url: str, key: str, streams: int) -> tuple[float, float]:
    """Return tokens a second, and the engine's share of the processor time of both."""

    def ask(n: int) -> int:
        content = f"Count from {n * 1000 + 1} to {n * 1000 + 400}, one number a line, and nothing else."
        body = _body([{"role": "user", "content": content}], 160)
        usages: list[dict[str, int]] = [event.get("usage") or {} for event in _events(url, key, body)]
        return sum(usage.get("completion_tokens", 0) for usage in usages)

    before, begun = server.cpu(), time.monotonic()
    with ThreadPoolExecutor(streams) as pool:
        tokens = sum(pool.map(ask, range(streams)))
    seconds = time.monotonic() - begun
    gateway, engine = (now - then for now, then in zip(server.cpu(), before, strict=True))
    return tokens / seconds, engine / (engine + gateway)


def _body(messages: list[dict[str, str]], tokens: int) -> dict[str, object]:
    return {
        "model": MODEL,
        "messages": messages,
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _events(url: str, key: str, body: dict[str, object]) -> Generator[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key}"}
    with (
        httpx.Client(timeout=READ_SECONDS, trust_env=False) as client,
        client.stream("POST", f"{url}/chat/completions", json=body, headers=headers) as response,
    ):
        if response.is_error:
            sys.exit(f"{url} answered {response.status_code}: {response.read()[:300]!r}")
        for line in response.iter_lines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])


@contextmanager
def _jindou(home: Path) -> Generator[Server]:
    """Start `jindou up`, and go on once it has read its own assistants' beginnings."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "jindou",
        "up",
        "--home",
        str(home),
        "--port",
        str(port),
        "--model",
        MODEL,
        "--json",
    ]
    (home / "jindou.toml").write_text(f"models_dir = {json.dumps(str(MODELS))}\n", encoding="utf-8")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None or not process.stdout.readline():
            sys.exit(f"jindou up ended with {process.wait()}; see {home}/logs")
        url = f"http://127.0.0.1:{port}"
        engines = json.loads((home / "run" / "engines.json").read_text(encoding="utf-8"))["engines"]
        engine = next(engine for engine in engines if engine["model"] == MODEL)
        server = Server(
            url,
            _key(home, url),
            f"http://127.0.0.1:{engine['port']}/v1",
            engine["key"],
            (process.pid, engine["pid"]),
        )
        _wait_idle(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _key(home: Path, url: str) -> str:
    operator = (home / "secrets" / "operator.key").read_text(encoding="utf-8").strip()
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        opened = client.post(
            "/api/sessions", json={"person": "clerk"}, headers={"Authorization": f"Bearer {operator}"}
        ).json()
        headers = {"Authorization": f"Bearer {opened['token']}"}
        key: str = client.post("/api/keys", json={"name": "benchmark"}, headers=headers).json()["secret"]
        return key


def _wait_idle(server: Server) -> None:
    """Wait until the engine has done nothing for some seconds: it warms up after a start."""
    quiet = 0
    while quiet < QUIET_SECONDS:
        before = server.cpu()[1]
        time.sleep(1)
        quiet = quiet + 1 if server.cpu()[1] - before < IDLE_CPU else 0


def _wait_for_files(home: Path, rounds: int) -> None:
    for _ in range(120):
        if len(list((home / "slots").glob("*.slot"))) >= rounds:
            return
        time.sleep(0.5)
    sys.exit("The beginnings were not kept.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--rounds", type=int, default=3, help="beginnings to read")
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs for each number of streams")
    return parser.parse_args()


if __name__ == "__main__":
    main()

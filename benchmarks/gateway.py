"""What the gateway costs beside LiteLLM's proxy and nginx, before the same engine, in one run.

``python benchmarks/gateway.py --json`` ends with one line of JSON. All of them pass on the same requests to an engine
that answers at once; what counts is the processor time of each proxy, not the clock. Ours has everything on: a key, a
limit of requests and of tokens, a budget, and a durable record before and after each call. LiteLLM has its key only,
and no database. nginx passes on.

A proxy is measured with a processor core to itself; what asks and what answers have the others. So it is measured by
what it does, and not by whose data are in its caches. `cpu_vs_nginx_shared` is the same with all on all cores: there
nginx has more to do at once than it can, wakes up for several requests at a time, and each is cheaper than it is at
any load that a proxy of models sees.

LiteLLM is installed into a cache of its own by uv (``--without-litellm`` leaves it out); nginx has to be there.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
from proxies.homes import MODEL, prepare
from proxies.load import cpu_seconds, drive, free_port, place, pss_mb

OK = 200
LITELLM = "1.108.7"
ROUNDS = 3
FEW, MANY = 16, 64
"""Connections."""
FOLDER = Path(__file__).parent
CACHE = Path.home() / ".cache" / "jindou" / "benchmarks"
AS_INSTALLED = ["env", "-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPYCACHEPREFIX={CACHE / 'bytecode'}"]
"""How Python is started where it may keep what it has compiled: to compile it anew takes as long as all the rest."""
MESSAGES = [{"role": "user", "content": "Good morning. Where is my order, and when will it be there?"}]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy at work. `path` is where it takes chat completions."""

    name: str
    port: int
    pid: int
    key: str = ""

    def request(self, *, stream: bool) -> bytes:
        """Return the bytes of a request."""
        asked = {"model": MODEL, "messages": MESSAGES, "max_tokens": 100, "stream": stream}
        body = json.dumps(asked).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        head += f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return head.encode() + b"\r\n\r\n" + body


class Bench:
    """The loads, and what they cost. Shapes of what is kept: (proxy's port, connections, stream, apart) -> seconds."""

    def __init__(self, ours: Proxy, engine: int, seconds: float) -> None:
        self.ours = ours
        self._engine = engine
        self._seconds = seconds
        self._cores = frozenset(os.sched_getaffinity(0))
        self._names: dict[int, str] = {}
        self._costs: dict[tuple[int, int, bool, bool], list[float]] = {}
        self._rates: dict[tuple[int, int], list[float]] = {}

    def load(self, proxy: Proxy, connections: int, *, stream: bool, apart: bool = True) -> None:
        """Ask for a while. `apart` gives the proxy one core and the rest to all others, as far as there are two."""
        first, *others = sorted(self._cores)
        place(proxy.pid, {first} if apart else self._cores)
        for pid in (os.getpid(), self._engine):
            place(pid, set(others) if apart and others else self._cores)
        request = proxy.request(stream=stream)
        asyncio.run(drive(proxy.port, request, connections, 0.5))
        before, begun = cpu_seconds(proxy.pid), time.monotonic()
        answers = asyncio.run(drive(proxy.port, request, connections, self._seconds))
        took, cpu = time.monotonic() - begun, cpu_seconds(proxy.pid) - before
        failed = [(status, body[:200]) for status, body in answers if status != OK or not body]
        if failed or not answers:
            sys.exit(f"{proxy.name}: {len(failed)} of {len(answers)} answers failed, such as {failed[:1]}")
        pieces = sum(body.count(b"data: ") for _, body in answers) if stream else len(answers)
        how = f"{'stream' if stream else 'whole':6} c={connections:<3} {'apart' if apart else 'shared':6}"
        each = f"{cpu / pieces * 1e6:9.1f} µs CPU a {'chunk' if stream else 'request'}"
        print(f"{proxy.name:8} {how} {len(answers) / took:8.0f} answers/s {each}", file=sys.stderr, flush=True)
        self._names[proxy.port] = proxy.name
        self._costs.setdefault((proxy.port, connections, stream, apart), []).append(cpu / pieces)
        if not stream:
            self._rates.setdefault((proxy.port, connections), []).append(len(answers) / took)

    def cost(self, *, stream: bool, apart: bool = True) -> dict[str, float]:
        """Return what each proxy takes for a request, or for a chunk of a stream, at 16 connections: seconds."""
        return {
            self._names[port]: median(costs)
            for (port, connections, *how), costs in self._costs.items()
            if connections == FEW and how == [stream, apart]
        }

    def rate(self, proxy: Proxy) -> float:
        """Return how many requests a second a proxy answers at 64 connections."""
        return median(self._rates[proxy.port, MANY])


def main() -> None:
    """Measure, and end with the figures."""
    asked = _arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=CACHE.parent)))
        engine, engine_pid = stack.enter_context(_engine())
        ours, start = stack.enter_context(_jindou(folder / "disk", engine))
        memory_tmp = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        careless, _ = stack.enter_context(_jindou(memory_tmp / "memory", engine))
        nginx = stack.enter_context(_nginx(folder, engine))
        peers = [nginx] if asked.without_litellm else [nginx, stack.enter_context(_litellm(folder, engine))]
        figures = _measured(Bench(ours, engine_pid, asked.seconds), careless, peers)
        figures |= _standing(ours, start)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _measured(bench: Bench, careless: Proxy, peers: Sequence[Proxy]) -> dict[str, dict[str, object]]:
    """Ask each of them in turn, several times over, and compare the medians."""
    ours = bench.ours
    for _ in range(ROUNDS):
        for proxy in (ours, *peers):
            bench.load(proxy, FEW, stream=False)
            bench.load(proxy, FEW, stream=True)
            if proxy.name != "litellm":
                bench.load(proxy, FEW, stream=False, apart=False)
        for proxy in (ours, careless):
            bench.load(proxy, MANY, stream=False, apart=False)
    cost, chunk, shared = (bench.cost(stream=False), bench.cost(stream=True), bench.cost(stream=False, apart=False))
    figures = {
        "cpu_us": _figure(cost["jindou"] * 1e6, "µs a request", "report", "16 connections"),
        "stream_chunk_us": _figure(chunk["jindou"] * 1e6, "µs a chunk", "report", "16 streams"),
        "cpu_vs_nginx": _figure(cost["jindou"] / cost["nginx"], "times", "<= 12", "nginx as a plain proxy"),
        "cpu_vs_nginx_shared": _figure(
            shared["jindou"] / shared["nginx"], "times", "report", "the same, all of them on all cores"
        ),
        "durable_ratio": _figure(
            bench.rate(ours) / bench.rate(careless),
            "share of the rate",
            ">= 0.7",
            "the same on a file system in memory, 64 connections",
        ),
    }
    if "litellm" in cost:
        against = f"LiteLLM {LITELLM} without database"
        figures["cpu_vs_litellm"] = _figure(cost["litellm"] / cost["jindou"], "times less", ">= 40", against)
        figures["stream_chunk_vs_litellm"] = _figure(chunk["litellm"] / chunk["jindou"], "times less", ">= 40", against)
    return figures


def _standing(ours: Proxy, start: float) -> dict[str, dict[str, object]]:
    return {
        "start_s": _figure(start, "s", "<= 2", "until the first answer of /healthz, once compiled"),
        "memory_mb": _figure(pss_mb(ours.pid), "MB", "<= 120", "after the load"),
    }


def _figure(value: float, unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": round(value, 3), "unit": unit, "reach": reach, "against": against}


@contextmanager
def _engine() -> Generator[tuple[int, int]]:
    port = free_port()
    with _process([sys.executable, "-m", "proxies.engine", str(port)], port, "/used") as pid:
        yield port, pid


@contextmanager
def _jindou(home: Path, engine: int) -> Generator[tuple[Proxy, float]]:
    key = prepare(home, engine)
    port = free_port()
    command = [*AS_INSTALLED, sys.executable, "-m", "jindou", "gateway", "--home", str(home), "--port", str(port)]
    with _process(command, port, "/healthz"):
        pass  # The first start is the one that compiles.
    begun = time.monotonic()
    with _process(command, port, "/healthz") as pid:
        yield Proxy("jindou", port, pid, key), time.monotonic() - begun


@contextmanager
def _nginx(folder: Path, engine: int) -> Generator[Proxy]:
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        f"""
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; proxy_buffering off; keepalive_requests 10000000;
    upstream engine {{ server 127.0.0.1:{engine}; keepalive 64; keepalive_requests 10000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
""",
        encoding="utf-8",
    )
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    with _process([nginx, "-p", str(folder), "-c", str(conf)], port, "/used") as pid:
        yield Proxy("nginx", port, pid)


@contextmanager
def _litellm(folder: Path, engine: int) -> Generator[Proxy]:
    place = CACHE / f"litellm-{LITELLM}"
    if not (place / "bin" / "litellm").exists():
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--no-config", str(place)], check=True)
        install = ["uv", "pip", "install", "--quiet", "--no-config", "--python", str(place / "bin" / "python")]
        subprocess.run([*install, f"litellm[proxy]=={LITELLM}"], check=True)
    port, key = free_port(), "sk-" + "0123456789abcdef" * 3
    conf = folder / "litellm.yaml"
    conf.write_text(
        json.dumps(
            {
                "model_list": [
                    {
                        "model_name": MODEL,
                        "litellm_params": {
                            "model": f"openai/{MODEL}",
                            "api_base": f"http://127.0.0.1:{engine}/v1",
                            "api_key": "none",
                        },
                    }
                ],
                "general_settings": {"master_key": key},
            }
        ),
        encoding="utf-8",
    )
    command = ["env", "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_TELEMETRY=False", str(place / "bin" / "litellm")]
    command += ["--config", str(conf), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    with _process(command, port, "/health/liveliness") as pid:
        yield Proxy("litellm", port, pid, key)


@contextmanager
def _process(command: Sequence[str], port: int, path: str) -> Generator[int]:
    """Run a server of ours until the end of the block; go on once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=FOLDER)
    try:
        _wait_for(process, port, path)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=40)


def _wait_for(process: "subprocess.Popen[bytes]", port: int, path: str) -> None:
    with httpx.Client(timeout=1, trust_env=False) as client:
        for _ in range(12_000):
            if process.poll() is not None:
                sys.exit(f"{process.args!r} ended with {process.returncode}.")
            try:
                client.get(f"http://127.0.0.1:{port}{path}")
            except httpx.TransportError:
                time.sleep(0.01)
            else:
                return


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each load lasts")
    parser.add_argument("--without-litellm", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()

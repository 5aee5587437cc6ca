"""A credential goes through a real run, and then is looked for in all that the platform has said or kept."""

import base64
import html
import json
import logging
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from jindou.agents.runs import RunSearch, StartRun
from jindou.assembly import Platform
from jindou.cloud.secrets import Scrubber, SecretAsk
from jindou.telemetry import configure_logging
from support.collector import collecting
from support.platform import as_person, open_platform, run_to_rest
from support.scripted import ScriptedEngine, call
from support.servers import Server
from support.vault_pack import WAYS, after, revealed, shown

CANARY = 'canary/9f+"7 äöü=token-12345'


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site" / "vault_pack-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: vault-pack\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[jindou.packs]\nvault = support.vault_pack:pack\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    revealed.clear()
    after.clear()


@pytest.fixture
def engine() -> ScriptedEngine:
    def script(messages: Sequence[dict[str, object]]) -> str:
        how = str(next(m["content"] for m in reversed(messages) if m["role"] == "user")).split()[0]
        return f"It is so: {messages[-1]['content']}" if messages[-1]["role"] == "tool" else call("call_erp", how=how)

    return ScriptedEngine(script)


@contextmanager
def watched(home: Path, engine: ScriptedEngine, **settings: Any) -> Generator[Platform]:
    """Open a platform whose process logs, and guards what it prints, as a server does."""
    root = logging.getLogger()
    handlers, level, streams = root.handlers[:], root.level, (sys.stdout, sys.stderr)
    with open_platform(home, lambda _: "", engine=engine, **settings) as platform:
        configure_logging(platform.home.server_log, "debug")
        yield platform
        platform.gateway.spans.stop()
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.stdout, sys.stderr = streams


@pytest.fixture
def platform(tmp_path: Path, engine: ScriptedEngine) -> Generator[Platform]:
    with watched(tmp_path / "home", engine) as platform:
        yield platform


def put(platform: Platform, handle: str, owner: str = "person", value: str = CANARY) -> str:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        asked = SecretAsk.model_validate({"name": "shop-erp", "value": SecretStr(value), "owner": owner})
        return platform.secrets.put(work, who, asked, platform.secrets.wrapping()).id


def ask(platform: Platform, handle: str, how: str) -> str:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        run_id = platform.runs.start(work, who, StartRun(assistant="caller", message=f"{how} it")).id
    return run_to_rest(platform, who, run_id=run_id).model_dump_json()


def hits(data: bytes) -> list[str]:
    """Return which texts that tell the value, whole or by half, stand in `data`, as they are or escaped."""
    needles = {CANARY[:9], CANARY[9:], *shown(CANARY)}
    needles |= {html.escape(needle) for needle in needles}
    for ascii_only in (True, False):
        needles |= {json.dumps(needle, ensure_ascii=ascii_only)[1:-1] for needle in needles}
    return [needle for needle in needles if needle.encode() in data]


def told_of(platform: Platform) -> str:
    """Return what the doors show of the clerk's runs, and the trail."""
    clerk, manager = as_person(platform, "clerk"), as_person(platform, "manager")
    with platform.database.reading(clerk.org_id) as work:
        runs = [platform.runs.get(work, clerk, run.id) for run in platform.runs.search(work, clerk, RunSearch())]
        events = [event for run in runs for event in platform.runs.events(work, clerk, run.id)]
        trail = platform.audit.search(work, manager)
        why = [platform.runs.explain(work, clerk, run.id) for run in runs]
        secrets = platform.secrets.list_secrets(work, clerk)
    return "\n".join(one.model_dump_json() for one in (*runs, *events, *trail, *why, *secrets))


@dataclass
class Everything:
    """What there was to see and to keep of one run for each way in which a tool misbehaves."""

    told: dict[str, str]
    said: dict[str, bytes]
    kept: dict[str, bytes]


@pytest.fixture(params=["sqlite", "postgresql"])
def everything(
    request: pytest.FixtureRequest,
    engine: ScriptedEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Everything:
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    server: Server | None = request.getfixturevalue("server") if request.param == "postgresql" else None
    settings = {"database_url": server.create()} if server else {}
    home = tmp_path / "home"
    with collecting() as collector, watched(home, engine, otlp_endpoint=collector.url, **settings) as platform:
        put(platform, "clerk")
        told = {how: ask(platform, "clerk", how) for how in WAYS}
        after[-1].start()
        for thread in after:
            thread.join()
        said = {"doors": told_of(platform), "prompts": str([list(asked.messages) for asked in engine.requests])}
        if server is None:
            kept = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file()}
        else:
            kept = {"dump": server.dump(settings["database_url"]), "jindou.log": platform.home.server_log.read_bytes()}
    said |= {"printed": "".join(capfd.readouterr()), "spans": str(collector.spans())}
    return Everything(told, {name: text.encode() for name, text in said.items()}, kept)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_credential_is_in_nothing_that_is_said_or_kept(everything: Everything) -> None:
    told, said, kept = everything.told, everything.said, everything.kept
    assert revealed == [CANARY] * len(WAYS)
    assert {how: found for how, text in told.items() if (found := hits(text.encode()))} == {}
    assert {name: found for name, held in (said | kept).items() if (found := hits(held))} == {}
    assert {"jindou.db", "jindou.db-wal"} <= kept.keys() or b"shop-erp" in kept["dump"]
    logged = kept["jindou.log"]
    assert b"sent [secret]" in logged
    assert b"late: [secret]" in logged
    assert b"Traceback" in said["printed"]
    assert b"call_erp" in said["spans"]
    assert all(json.loads(line)["at"] for line in logged.splitlines())
    assert "The tool broke: SystemExit." in told["exit"]
    assert "The tool broke: KeyboardInterrupt." in told["interrupt"]
    assert "The tool broke: [secret]." in told["kind"]
    assert "The tool broke: RuntimeError." in told["sly"]
    assert '"hidden":"[secret]"' in told["pieces"]
    assert '"hidden":"[secret]"' in told["parts"]
    assert "Secret('shop-erp')" in told["return"]


def test_the_organisations_credential_serves_who_has_none_and_a_revoked_one_nobody(platform: Platform) -> None:
    secret_id = put(platform, "manager", "organisation", "of-the-company")
    put(platform, "clerk")
    ask(platform, "clerk", "return")
    ask(platform, "warehouse", "return")
    assert revealed == [CANARY, "of-the-company"]
    manager = as_person(platform, "manager")
    with platform.database.writing(manager.org_id) as work:
        platform.secrets.revoke(work, manager, secret_id)
    told = ask(platform, "warehouse", "return")
    assert len(revealed) == 2
    assert "This needs the credential shop-erp" in told
    assert "jindou secrets put shop-erp" in told


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("after", ["", "!", "and more"])
def test_a_value_inside_of_a_longer_base64_is_scrubbed(before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}{CANARY}{after}".encode()).decode()
    assert "[secret]" in Scrubber(CANARY).text(encoded)

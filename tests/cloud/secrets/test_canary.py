"""A credential goes through a real run, and then is looked for in all that the platform has said or kept."""

import base64
import logging
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from jindou.agents.runs import StartRun
from jindou.assembly import Platform
from jindou.cloud.secrets import Scrubber, SecretAsk
from jindou.telemetry import configure_logging
from support.platform import as_person, open_platform, run_to_rest
from support.scripted import ScriptedEngine, call
from support.vault_pack import revealed

CANARY = 'canary/9f+"7 äöü=token-12345'


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site" / "vault_pack-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: vault-pack\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[jindou.packs]\nvault = support.vault_pack:pack\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    revealed.clear()


@pytest.fixture
def engine() -> ScriptedEngine:
    def script(messages: Sequence[dict[str, object]]) -> str:
        how = str(next(m["content"] for m in reversed(messages) if m["role"] == "user")).split()[0]
        return f"It is so: {messages[-1]['content']}" if messages[-1]["role"] == "tool" else call("call_erp", how=how)

    return ScriptedEngine(script)


@pytest.fixture
def platform(tmp_path: Path, engine: ScriptedEngine) -> Generator[Platform]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with open_platform(tmp_path / "home", lambda _: "", engine=engine) as platform:
        configure_logging(platform.home.server_log, "debug")
        yield platform
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def put(platform: Platform, handle: str, owner: str = "person", value: str = CANARY) -> str:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        asked = SecretAsk.model_validate({"name": "shop-erp", "value": SecretStr(value), "owner": owner})
        return platform.secrets.put(work, who, asked).id


def ask(platform: Platform, handle: str, how: str) -> str:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        run_id = platform.runs.start(work, who, StartRun(assistant="caller", message=f"{how} it")).id
    return run_to_rest(platform, who, run_id=run_id).model_dump_json()


def hits(data: bytes) -> list[str]:
    return [form for form in Scrubber(CANARY).forms if form.encode() in data]


def test_a_credential_is_in_nothing_that_is_said_or_kept(
    platform: Platform, engine: ScriptedEngine, tmp_path: Path
) -> None:
    put(platform, "clerk")
    told = [ask(platform, "clerk", how) for how in ("return", "refuse", "break")]
    assert revealed == [CANARY] * 3
    assert "[secret]" in told[0]
    assert "The system says no to [secret]." in told[1]
    assert "The tool broke: RuntimeError." in told[2]
    said = "\n".join([*told, *(str(list(request.messages)) for request in engine.requests)])
    assert hits(said.encode()) == []
    assert hits(str([[str(m) for m in request.messages] for request in engine.requests]).encode()) == []
    logged = platform.home.server_log.read_text(encoding="utf-8")
    assert "sent [secret]" in logged
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert {"jindou.db", "jindou.db-wal", "jindou.log"} <= {path.name for path in files}
    assert {path.name: found for path in files if (found := hits(path.read_bytes()))} == {}


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

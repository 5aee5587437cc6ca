"""Deployments: who may change them, and how a request gets from a name to an answer."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from jindou.assembly import Platform
from jindou.errors import Cancelled, Conflict, Forbidden, JindouError, NotFound
from jindou.identity.principals import Principal
from jindou.models.deployments import (
    Deployment,
    DeploymentAsk,
    EnginesBusy,
    Member,
    ModelNotFound,
    credentials,
    prefix_of,
)
from jindou.models.engines import EngineRequest, FinalChunk
from jindou.models.engines.conformance import ask, end_of, text_of
from jindou.models.upstreams import EngineDied, EngineUnavailable
from support.platform import MODEL, FakeClock, as_person, open_platform
from support.upstream import OpenAIServer, delta, open_upstream

LONG = [{"role": "system", "content": "You help."}, {"role": "user", "content": "Hello"}]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with open_platform(tmp_path, lambda _: "Local.", FakeClock()) as platform:
        yield platform


@pytest.fixture
def manager(platform: Platform) -> Principal:
    return as_person(platform, "manager")


@pytest.fixture
def servers() -> Iterator[tuple[OpenAIServer, OpenAIServer]]:
    with open_upstream() as one, open_upstream() as two:
        one.says("One.")
        two.says("Two.")
        yield one, two


def member(name: str, server: OpenAIServer, **fields: object) -> dict[str, object]:
    return {"engine": name, "model": "big", "url": server.url, **fields}


def create(platform: Platform, who: Principal, name: str, *members: dict[str, object]) -> Deployment:
    asked = DeploymentAsk.model_validate({"name": name, "members": members})
    with platform.database.writing(who.org_id) as work:
        return platform.deployments.create(work, who, asked)


def answer(platform: Platform, who: Principal, name: str) -> tuple[str, FinalChunk]:
    chunks = list(platform.deployments.engine(who.org_id, name).stream(ask("Hello")))
    return text_of(chunks), end_of(chunks)


def test_everybody_has_the_model_of_the_settings(platform: Platform, manager: Principal) -> None:
    (standing,) = platform.deployments.list(manager.org_id)
    assert (standing.name, standing.is_standing, standing.skus) == (MODEL, True, (f"model:{MODEL}",))
    text, end = answer(platform, manager, MODEL)
    assert (text, end.engine, end.sku) == ("Local.", f"local/{MODEL}", f"model:{MODEL}")
    with pytest.raises(ModelNotFound, match=MODEL):
        platform.deployments.get(manager.org_id, "gpt-5")


def test_a_manager_makes_changes_and_deletes_one_and_all_of_it_is_in_the_trail(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    made = create(platform, manager, "big/model", member("vllm", servers[0], sku="model:big-one"))
    assert answer(platform, manager, "big/model")[1].sku == "model:big-one"
    asked = DeploymentAsk.model_validate({"name": "big", "members": [member("sglang", servers[1])]})
    with platform.database.writing(manager.org_id) as work:
        platform.deployments.update(work, manager, made.name, asked)
    assert answer(platform, manager, "big")[0] == "Two."
    with platform.database.writing(manager.org_id) as work:
        platform.deployments.delete(work, manager, "big")
    assert [known.name for known in platform.deployments.list(manager.org_id)] == [MODEL]
    with platform.database.reading(manager.org_id) as work:
        events = platform.audit.search(work, manager)
    told = [(event.action, event.rules) for event in events if event.action.startswith("deployments::")]
    assert [action for action, _ in told] == ["deployments::delete", "deployments::update", "deployments::create"]
    assert all(rules == ["jindou.managers-run-models"] for _, rules in told)


def test_nobody_else_changes_anything_and_everybody_sees_all(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    clerk = as_person(platform, "clerk")
    with pytest.raises(Forbidden):
        create(platform, clerk, "mine", member("vllm", servers[0]))
    create(platform, manager, "ours", member("vllm", servers[0]))
    deployments = platform.deployments
    for verb, name in ((deployments.delete, "ours"), (deployments.serve, MODEL), (deployments.retire, MODEL)):
        with pytest.raises(Forbidden), platform.database.writing(clerk.org_id) as work:
            verb(work, clerk, name)
    with platform.database.reading(clerk.org_id) as work:
        engines = platform.deployments.engines(work, clerk)
    assert [engine.engine for engine in engines] == [f"local/{MODEL}", "vllm/big"]


def test_a_name_is_given_once_and_what_the_settings_give_can_be_replaced_but_not_deleted(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "big", member("vllm", servers[0]))
    with pytest.raises(Conflict):
        create(platform, manager, "big", member("vllm", servers[0]))
    with pytest.raises(Conflict, match="settings"), platform.database.writing(manager.org_id) as work:
        platform.deployments.delete(work, manager, MODEL)
    with pytest.raises(NotFound), platform.database.writing(manager.org_id) as work:
        platform.deployments.delete(work, manager, "nothing")
    create(platform, manager, MODEL, member("vllm", servers[0]))
    assert answer(platform, manager, MODEL)[0] == "One."
    assert answer(platform, as_person(platform, "clerk"), MODEL)[0] == "One."


def test_another_organisation_does_not_see_them(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "big", member("vllm", servers[0]))
    with pytest.raises(ModelNotFound):
        platform.deployments.pick("org_other", "big")
    assert [known.name for known in platform.deployments.list("org_other")] == [MODEL]


def test_another_process_sees_a_change_within_seconds(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "big", member("vllm", servers[0]))
    with pytest.raises(ModelNotFound):
        platform.deployments.get("", "big")
    assert platform.deployments.get(manager.org_id, "big").members[0].engine == "vllm"


@pytest.mark.parametrize(
    "members",
    [
        [],
        [{"model": "m", "url": "http://a/v1"}],
        [{"engine": "vllm", "model": "m"}],
        [{"engine": "vllm", "model": "m", "url": "file:///etc/passwd"}],
        [{"engine": "../up", "model": "m", "url": "http://a/v1"}],
        [{"engine": "vllm", "model": "m", "url": "http://a/v1"}] * 2,
        [{"engine": "vllm", "model": "m", "url": "http://a/v1", "key": "sk-1"}],
    ],
)
def test_what_can_not_be_a_deployment_is_refused(members: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        DeploymentAsk.model_validate({"name": "big", "members": members})


def test_before_the_first_token_the_next_engine_is_asked_and_after_it_none(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "big", member("a", servers[0]), member("b", servers[1], rank=1))
    servers[0].status, servers[0].error = 500, {}
    text, end = answer(platform, manager, "big")
    assert (text, end.engine) == ("Two.", "b/big")
    servers[0].status = 200
    servers[0].events = [delta(content="Half"), {"error": {"message": "gone"}}]
    with pytest.raises(EngineUnavailable, match="gone"):
        answer(platform, manager, "big")
    servers[0].events = [delta(content="Half")]
    with pytest.raises(EngineDied):
        answer(platform, manager, "big")
    assert len(servers[1].asked) == 1


def test_when_all_fail_the_last_error_is_told(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "big", member("a", servers[0]), member("b", servers[1], rank=1))
    servers[0].status, servers[1].status = 500, 404
    with pytest.raises(EngineUnavailable, match="no model `big`"):
        answer(platform, manager, "big")
    for _ in range(4):
        with pytest.raises(EngineUnavailable):
            answer(platform, manager, "big")
    asked = len(servers[0].asked)
    with pytest.raises(EngineUnavailable, match="rests"):
        answer(platform, manager, "big")
    assert len(servers[0].asked) == asked


def test_a_key_is_read_from_its_file_and_bound_to_its_place(
    platform: Platform,
    manager: Principal,
    servers: tuple[OpenAIServer, OpenAIServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(credentials, "_FRESH_SECONDS", 0.0)
    create(platform, manager, "big", member("vllm", servers[0]))
    answer(platform, manager, "big")
    path = platform.home.engine_keys / "vllm.key"
    path.write_text("sk-first\n")
    path.chmod(0o600)
    answer(platform, manager, "big")
    path.write_text(f"sk-second {servers[0].url}\n")
    answer(platform, manager, "big")
    assert servers[0].authorized == ["", "Bearer sk-first", "Bearer sk-second"]
    path.write_text(f"sk-third {servers[1].url}\n")
    with pytest.raises(EngineUnavailable, match="is for") as caught:
        answer(platform, manager, "big")
    assert "sk-third" not in str(caught.value)
    path.chmod(0o644)
    with pytest.raises(EngineUnavailable, match="chmod 600"):
        answer(platform, manager, "big")
    assert len(servers[0].authorized) == 3


def test_a_picked_server_dresses_a_request_and_counts_as_under_way(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "public", member("vllm", servers[0]))
    with platform.deployments.pick(manager.org_id, "public") as picked:
        assert picked.upstream is not None
        assert (picked.upstream.url, picked.dialect, picked.native_tools) == (servers[0].url, "openai", True)
        assert picked.wait_ready(1) is picked.upstream
        body = picked.dress({"model": "public", "stream": True, "stream_options": {"x": 1}, "messages": LONG})
        assert body == {
            "model": "big",
            "stream": True,
            "stream_options": {"x": 1, "include_usage": True},
            "messages": LONG,
        }
        assert under_way(platform, manager)["vllm/big"] == 1
        picked.succeeded()
    picked.leave()
    assert under_way(platform, manager)["vllm/big"] == 0


def test_a_model_of_this_machine_is_told_in_its_own_fields_whether_it_thinks(
    platform: Platform, manager: Principal
) -> None:
    asked: dict[str, object] = {
        "messages": LONG,
        "tools": ["a tool"],
        "enable_thinking": False,
        "reasoning_effort": "none",
    }
    with platform.deployments.pick(manager.org_id, MODEL) as picked:
        picked.dialect = "llamacpp"
        body = picked.dress(asked, thinks=False)
        assert body["chat_template_kwargs"] == {"enable_thinking": False}
        assert body["parallel_tool_calls"] is True
        assert body.keys().isdisjoint({"enable_thinking", "reasoning_effort"})
        assert "chat_template_kwargs" not in picked.dress(asked)
        picked.dialect = "openai"
        assert picked.dress(asked, thinks=False) == asked | {"model": picked.model}


def test_who_waits_gets_a_turn_or_is_told_in_time(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "big", member("vllm", servers[0], at_once=1))
    first = platform.deployments.pick(manager.org_id, "big")
    second = platform.deployments.pick(manager.org_id, "big")
    assert second.upstream is None
    with pytest.raises(EnginesBusy):
        second.wait_ready(0.05)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.wait_ready, 600)
        first.leave()
        assert waiting.result(60).url == servers[0].url, "It does not wait for its whole time."
    second.leave()


def test_nobody_needs_a_thread_to_wait_for_a_turn(
    platform: Platform, manager: Principal, servers: tuple[OpenAIServer, OpenAIServer]
) -> None:
    create(platform, manager, "big", member("vllm", servers[0], at_once=1))
    first, *others = [platform.deployments.pick(manager.org_id, "big") for _ in range(4)]

    async def all_of_them() -> list[object]:
        with ThreadPoolExecutor(1) as pool:
            waiting = [asyncio.create_task(other.ready(pool, 600)) for other in others]
            await asyncio.sleep(0)
            others[1].give_up()
            with pytest.raises(Cancelled):
                await waiting[1]
            assert await asyncio.get_running_loop().run_in_executor(pool, int) == 0, "The thread is free."
            first.leave()
            found = [(await waiting[0]).url]
            others[0].leave()
            others[1].leave()
            found.append((await waiting[2]).url)
            assert (await others[2].ready(pool, 0)).url == servers[0].url
        return [*found]

    assert asyncio.run(all_of_them()) == [servers[0].url] * 2
    last = platform.deployments.pick(manager.org_id, "big")

    async def in_vain() -> None:
        with ThreadPoolExecutor(1) as pool, pytest.raises(EnginesBusy):
            await last.ready(pool, 0.05)

    asyncio.run(in_vain())
    last.leave()
    others[2].leave()


def test_an_engine_without_a_server_is_asked_as_an_object(platform: Platform, manager: Principal) -> None:
    with platform.deployments.pick(manager.org_id, MODEL) as picked:
        assert (picked.dialect, picked.upstream, picked.native_tools) == ("engine", None, False)
        with pytest.raises(EngineUnavailable, match="over HTTP"):
            picked.wait_ready(1)
        assert text_of(list(picked.engine.stream(ask("Hello")))) == "Local."


def test_a_beginning_is_its_system_messages_and_tools() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    assert prefix_of(LONG) == prefix_of([LONG[0], {"role": "user", "content": "Bye"}]) > 0
    assert len({prefix_of(LONG), prefix_of(LONG, [tool]), prefix_of(LONG[1:], [tool]), prefix_of(LONG[1:])}) == 4
    assert prefix_of(LONG[1:]) == EngineRequest(messages=[]).prefix == 0


def test_picking_is_quick_and_safe_from_many_threads(platform: Platform, manager: Principal) -> None:
    failures: list[JindouError] = []

    def pick_often() -> None:
        try:
            for _ in range(200):
                with platform.deployments.pick(manager.org_id, MODEL, prefix=5):
                    pass
        except JindouError as error:
            failures.append(error)

    threads = [threading.Thread(target=pick_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert under_way(platform, manager)[f"local/{MODEL}"] == 0


def under_way(platform: Platform, who: Principal) -> dict[str, int]:
    with platform.database.reading(who.org_id) as work:
        return {engine.engine: engine.under_way for engine in platform.deployments.engines(work, who)}


def test_a_local_member_names_its_engine_and_its_sku() -> None:
    assert Member(model="qwen").engine_id == "local/qwen"
    assert Member(model="qwen").billed == "model:qwen"

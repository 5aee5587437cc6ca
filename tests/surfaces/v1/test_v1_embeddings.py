"""`/v1/embeddings` with OpenAI's own client and the real model."""

import os
from collections.abc import Generator
from typing import Any

import httpx
import openai
import pytest
from gateway_site import Gateway, script

from jindou.models.deployments import DeploymentAsk
from support.cached import fetch_model
from support.paced import PacedEngine
from support.platform import as_person
from support.served import serve
from support.waiting import wait_for

MODEL = "multilingual-e5-small"
TEXTS = ["Unused goods may be returned within fourteen days.", "数据库每晚备份，副本保留九十天。"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    weights = fetch_model("multilingual-e5-small")
    home = tmp_path_factory.mktemp("embeddings")
    (home / "models").mkdir()
    for file in (weights, weights.with_suffix(".verified")):
        os.link(file, home / "models" / file.name)
    engine = PacedEngine(script)
    with serve(home, script, engine=engine) as platform:
        gateway = Gateway(platform, engine)
        yield gateway
        gateway.close()


def refused(site: Gateway, secret: str = "", **body: Any) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {secret or site.key().secret}"}
    content = {"model": MODEL, "input": "Hello"} | body
    answer = httpx.post(f"{site.url}/embeddings", json=content, headers=headers, timeout=60, trust_env=False)
    return answer.status_code, answer.json()["error"]


def test_the_official_client_gets_the_vectors_in_the_order_of_its_texts(site: Gateway) -> None:
    client = site.client()
    made = client.embeddings.create(model=MODEL, input=TEXTS)
    assert [entry.index for entry in made.data] == [0, 1]
    assert [len(entry.embedding) for entry in made.data] == [384, 384]
    assert made.usage.prompt_tokens == made.usage.total_tokens > 20
    alone = client.embeddings.create(model=MODEL, input=TEXTS[1]).data[0].embedding
    assert alone == pytest.approx(made.data[1].embedding, abs=1e-3)


def test_numbers_and_packed_numbers_are_the_same(site: Gateway) -> None:
    client = site.client()
    packed = client.embeddings.create(model=MODEL, input=TEXTS[0]).data[0].embedding
    plain = client.embeddings.create(model=MODEL, input=TEXTS[0], encoding_format="float").data[0].embedding
    assert plain == pytest.approx(packed, abs=1e-6)


def test_a_chinese_question_finds_the_english_passage(site: Gateway) -> None:
    client = site.client()
    passages = [TEXTS[0], "Databases are backed up every night.", "Staff have twenty days of leave."]
    asked = client.embeddings.create(model=MODEL, input="不喜欢可以退货吗？", extra_body={"input_type": "query"})
    found = client.embeddings.create(model=MODEL, input=passages, extra_body={"input_type": "passage"})
    sought = asked.data[0].embedding
    near = [sum(a * b for a, b in zip(sought, entry.embedding, strict=True)) for entry in found.data]
    assert near.index(max(near)) == 0


def test_what_was_read_is_in_the_ledger(site: Gateway) -> None:
    before = site.ledger()[0]
    used = site.client().embeddings.create(model=MODEL, input=TEXTS).usage.prompt_tokens
    seen = site.settled()
    assert site.ledger()[0] == before + used
    line = next(line for line in seen.by_sku if line.key == f"model:{MODEL}")
    assert line.quantities.output_tokens == 0
    assert line.cost.micro > 0


def test_the_model_is_listed(site: Gateway) -> None:
    client = site.client()
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).id == MODEL


@pytest.mark.parametrize(
    ("body", "param", "code", "told"),
    [
        ({"input": []}, "input", "invalid_value", "1 to 2048"),
        ({"input": ""}, "input[0]", "invalid_value", "not empty"),
        ({"input": ["a", ""]}, "input[1]", "invalid_value", "not empty"),
        ({"input": [1, 2, 3]}, "input", "invalid_value", "send text"),
        ({"input": [[1, 2], [3]]}, "input", "invalid_value", "send text"),
        ({"input": {"text": "a"}}, "input", "invalid_value", "1 to 2048"),
        ({"input": ["a"] * 2049}, "input", "invalid_value", "1 to 2048"),
        ({"dimensions": 256}, "dimensions", "invalid_value", "384"),
        ({"dimensions": 0}, "dimensions", "invalid_value", "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format", "invalid_value", "encoding_format"),
        ({"model": 7}, "model", "invalid_type", "model"),
        ({"colour": "red"}, "colour", "unknown_parameter", "colour"),
        ({"input": "lamp " * 600}, None, "context_length_exceeded", "over the 512"),
        ({"model": "qwen2.5-coder-0.5b"}, "model", "no_embeddings", "makes no embeddings"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(
    site: Gateway, body: dict[str, Any], param: str | None, code: str, told: str
) -> None:
    status, error = refused(site, **body)
    assert (status, error["param"], error["code"]) == (400, param, code)
    assert told in error["message"]
    assert not site.settled().unsettled


def test_another_number_of_dimensions_is_no_refusal_if_it_is_the_model_s_own(site: Gateway) -> None:
    made = site.client().embeddings.create(model=MODEL, input="Hello", dimensions=384)
    assert len(made.data[0].embedding) == 384


def test_an_unknown_model_is_not_found(site: Gateway) -> None:
    assert refused(site, model="text-embedding-nobody")[0] == 404


def test_a_key_for_something_else_is_refused(site: Gateway) -> None:
    assert refused(site, site.key(scopes=["completions"]).secret)[0] == 403
    assert refused(site, site.key(gone="qwen2.5-coder-0.5b").secret)[0] == 403
    assert refused(site, "jdk_nobody")[0] == 401


def test_the_embeddings_of_another_jindou_are_had_through_a_deployment(site: Gateway) -> None:
    platform = site.platform
    manager = as_person(platform, "manager")
    folder = platform.home.engine_keys
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "other.key").write_text(site.key().secret, encoding="utf-8")
    (folder / "other.key").chmod(0o600)
    ask = {"name": "theirs", "members": [{"engine": "other", "model": MODEL, "url": site.url}]}
    with platform.database.writing(manager.org_id) as work:
        platform.deployments.create(work, manager, DeploymentAsk.model_validate(ask))
    client = site.client()
    theirs = client.embeddings.create(model="theirs", input=TEXTS)
    ours = client.embeddings.create(model=MODEL, input=TEXTS)
    # The other one is told nothing of queries, so it takes the texts as it takes everybody's.
    assert theirs.model == "theirs"
    assert len(theirs.data[0].embedding) == len(ours.data[0].embedding) == 384
    assert theirs.usage.prompt_tokens >= ours.usage.prompt_tokens
    with pytest.raises(openai.BadRequestError, match="over the 512"):
        client.embeddings.create(model="theirs", input="lamp " * 600)


def test_whoever_leaves_gives_up_their_place_at_a_busy_engine(site: Gateway) -> None:
    platform, manager = site.platform, as_person(site.platform, "manager")
    member = {"engine": "far", "model": MODEL, "url": "http://127.0.0.1:9/v1", "sku": f"model:{MODEL}", "at_once": 1}

    def waiting() -> int:
        with platform.database.reading(manager.org_id) as work:
            return sum(engine.waiting for engine in platform.deployments.engines(work, manager))

    with platform.database.writing(manager.org_id) as work:
        ask = DeploymentAsk.model_validate({"name": "far-embeddings", "members": [member]})
        platform.deployments.create(work, manager, ask)
    headers = {"Authorization": f"Bearer {site.key().secret}"}
    content = {"model": "far-embeddings", "input": "Hello"}
    with platform.deployments.pick(manager.org_id, "far-embeddings"):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{site.url}/embeddings", json=content, headers=headers, timeout=1.0, trust_env=False)
        wait_for(lambda: waiting() == 0)

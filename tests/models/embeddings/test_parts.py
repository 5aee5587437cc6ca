"""Texts that a model is given part by part: what was read before one of the parts failed is told."""

import pytest

from jindou.models.embeddings.known import E5_SMALL
from jindou.models.embeddings.local import LocalEmbedder
from jindou.models.embeddings.remote import RemoteEmbedder
from jindou.models.embeddings.types import Embedder, EmbedderUnavailable
from jindou.models.upstreams import EngineDied, EngineLimited, Upstream
from support.embedding_server import Say, embeds, hangs_up, open_embedding_server, refuses

FORTY = [f"Text {at}" for at in range(40)]


def read_before(embedder: Embedder, error: type[Exception]) -> list[int]:
    counted: list[int] = []
    with pytest.raises(error):
        embedder.embed(FORTY, "passage", counted.append)
    return counted


@pytest.mark.parametrize(("last", "error"), [(refuses(429, "Slow down."), EngineLimited), (hangs_up, EngineDied)])
def test_a_server_elsewhere_has_its_parts_counted_until_it_fails(last: Say, error: type[Exception]) -> None:
    with open_embedding_server(embeds(7), embeds(8), last) as server:
        embedder = RemoteEmbedder("theirs", Upstream.at(server.url), "bge-m3")
        assert read_before(embedder, error) == [7, 8]
        assert [len(asked["input"]) for asked in server.asked] == [10, 10, 10]


def test_our_own_model_has_its_parts_counted_until_it_fails() -> None:
    with open_embedding_server(embeds(7), embeds(8), refuses(500, "No room.")) as server:
        embedder = LocalEmbedder(E5_SMALL, lambda _: Upstream.at(server.url))
        assert read_before(embedder, EmbedderUnavailable) == [7, 8]
        assert [len(asked["input"]) for asked in server.asked] == [16, 16, 8]


def test_what_our_own_model_read_is_unknown_where_it_died_and_does_not_come_back() -> None:
    with open_embedding_server(embeds(7), hangs_up) as server:
        addresses = iter([Upstream.at(server.url), None])
        embedder = LocalEmbedder(E5_SMALL, lambda _: next(addresses))
        assert read_before(embedder, EngineDied) == [7]


def test_our_own_model_that_was_never_asked_has_read_nothing() -> None:
    embedder = LocalEmbedder(E5_SMALL, lambda _: Upstream.at("http://127.0.0.1:9/v1"))
    assert read_before(embedder, EmbedderUnavailable) == []


def test_what_all_parts_come_to_is_returned() -> None:
    with open_embedding_server(embeds(7), embeds(8), embeds(9)) as server:
        made = LocalEmbedder(E5_SMALL, lambda _: Upstream.at(server.url)).embed(FORTY)
    assert made.tokens == 24
    assert len(made.vectors) == 40
    assert list(made.vectors[39]) == pytest.approx([0.6, 0.8])

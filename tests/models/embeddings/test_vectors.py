"""The real model: what is near, what is the same, and what does not fit."""

import math
import os
import signal
from pathlib import Path

import pytest

from jindou.models.embeddings import likeness
from jindou.models.embeddings.known import E5_SMALL, known_model
from jindou.models.embeddings.local import EmbeddingChild, LocalEmbedder, announced
from jindou.models.embeddings.types import EmbedderUnavailable, TextTooLong
from jindou.models.embeddings.vectors import from_bytes, shortened, to_bytes, unit

ENGLISH = [
    "Unused goods may be returned within fourteen days of delivery.",
    "Full-time staff are entitled to twenty days of paid annual leave.",
    "Databases are backed up every night, and the copies are kept for ninety days.",
]
CHINESE = ["签收后十四天内可以退货。", "正式员工每年享有二十天带薪年假。", "数据库每晚备份，副本保留九十天。"]
QUESTIONS = [("Can I send it back?", "不喜欢可以退货吗？", 0), ("How much holiday do I get?", "年假有多少天？", 1)]


def nearest(embedder: LocalEmbedder, question: str, passages: list[str]) -> int:
    sought = embedder.embed([question], "query").vectors[0]
    near = [likeness(sought, vector) for vector in embedder.embed(passages).vectors]
    return near.index(max(near))


@pytest.mark.parametrize(("english", "chinese", "at"), QUESTIONS)
def test_a_question_finds_its_passage_in_either_language(
    embedder: LocalEmbedder, english: str, chinese: str, at: int
) -> None:
    for question in (english, chinese):
        assert nearest(embedder, question, ENGLISH) == at
        assert nearest(embedder, question, CHINESE) == at


def test_vectors_have_length_one_and_as_many_numbers_as_the_model_says(embedder: LocalEmbedder) -> None:
    made = embedder.embed(ENGLISH)
    assert embedder.dimensions == 384
    assert [len(vector) for vector in made.vectors] == [384] * 3
    assert all(math.isclose(likeness(vector, vector), 1.0, abs_tol=1e-5) for vector in made.vectors)


def test_a_text_has_the_same_vector_alone_and_among_others(embedder: LocalEmbedder) -> None:
    texts = [f"{text} ({at})" for at in range(9) for text in ENGLISH + CHINESE]
    together = embedder.embed(texts).vectors
    for text, vector in zip(texts[::7], together[::7], strict=True):
        assert likeness(embedder.embed([text]).vectors[0], vector) > 0.99999


def test_a_text_has_the_same_vector_every_time(embedder: LocalEmbedder) -> None:
    assert embedder.embed(ENGLISH).vectors == embedder.embed(ENGLISH).vectors


def test_tokens_are_counted_as_they_are_read(embedder: LocalEmbedder) -> None:
    texts = ENGLISH + CHINESE
    assert embedder.embed(texts).tokens == sum(embedder.embed([text]).tokens for text in texts)
    assert embedder.embed(["how much protein per day"], "query").tokens == 10


def test_a_text_that_is_too_long_is_refused_by_its_number_and_the_limit(embedder: LocalEmbedder) -> None:
    with pytest.raises(TextTooLong, match=r"Text 1 has 60\d tokens, \d+ over the 512 that `multilingual-e5-small`"):
        embedder.embed(["short", "lamp " * 600])


def test_a_text_that_just_fits_is_read_whole(embedder: LocalEmbedder) -> None:
    words = 512 - embedder.embed([""]).tokens
    assert embedder.embed(["lamp " * words]).tokens == 512
    with pytest.raises(TextTooLong, match="Text 0 has 513 tokens, 1 over the 512"):
        embedder.embed(["lamp " * (words + 1)])


@pytest.mark.parametrize(
    "odd", ["", " \t\n", "\x00\x07", "half a pair \ud83d here", "🪔" * 40, "<s></s><mask>", "ﬁ Ａ①"]
)
def test_odd_texts_have_vectors_too(embedder: LocalEmbedder, odd: str) -> None:
    assert len(embedder.embed([odd]).vectors[0]) == 384


def test_full_width_letters_are_the_letters_they_stand_for(embedder: LocalEmbedder) -> None:
    wide, plain = embedder.embed(["ＯＲＤＥＲ　１２", "ORDER 12"]).vectors
    assert wide == plain


def test_another_process_finds_the_model_by_its_announcement(child: EmbeddingChild, tmp_path: Path) -> None:
    child.address(60.0)
    file = child.announcement
    assert file.stat().st_mode & 0o777 == 0o600
    elsewhere = LocalEmbedder(E5_SMALL, announced(file))
    assert len(elsewhere.embed(["Hello"]).vectors[0]) == 384
    assert announced(tmp_path / "nothing.json")(0.0) is None


def test_a_child_that_is_killed_is_replaced_and_the_caller_only_waits(
    child: EmbeddingChild, embedder: LocalEmbedder
) -> None:
    before = child.pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert len(embedder.embed(["Hello"]).vectors[0]) == 384
    assert child.pid() != before


def test_a_gguf_file_of_one_s_own_tells_how_long_its_vectors_are(weights: Path, tmp_path: Path) -> None:
    model = known_model("my-own-model")
    child = EmbeddingChild(model, lambda: weights, 1, tmp_path / "log", tmp_path / "told.json")
    try:
        embedder = LocalEmbedder(model, child.address)
        assert embedder.dimensions == 0
        embedder.load()
        assert embedder.dimensions == 384
    finally:
        child.stop()
    with pytest.raises(EmbedderUnavailable):
        embedder.embed(["Hello"])


def test_a_shortened_vector_has_length_one_again() -> None:
    short = shortened(unit([3.0, 4.0, 12.0]), 2)
    assert list(short) == pytest.approx([0.6, 0.8])


def test_packed_vectors_come_back_as_they_were() -> None:
    vector = unit([1.0, -2.0, 0.5])
    assert from_bytes(to_bytes(vector)) == vector
    assert list(unit([0.0, 0.0])) == [0.0, 0.0]


def test_models_are_told_what_a_text_is() -> None:
    assert known_model("multilingual-e5-small").told("a\tb", "query") == "query: a b"
    assert known_model("Qwen3-Embedding-0.6B-Q8_0").told("退货", "query").endswith("\nQuery:退货")
    assert known_model("Qwen3-Embedding-0.6B-Q8_0").told("退货", "passage") == "退货"
    assert known_model("bge-m3").told("a\tb", "query") == "a\tb"

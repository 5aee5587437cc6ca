"""How well and how quickly the local embedding model finds passages: `python benchmarks/embeddings.py`, JSON out.

`top1` is the share of questions whose passage is the nearest of all forty, by languages of question and passage; with
`mixed`, every passage is there in both languages, and either is right; with `crossed`, the right one is there in the
other language only. `per_cpu_second` counts passages, short ones (a sentence) and long ones (about 150 tokens).
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from jindou.models.catalogue import get_entry, pull
from jindou.models.embeddings import Embedder, Kind, Vector, likeness
from jindou.models.embeddings.known import E5_SMALL
from jindou.models.embeddings.local import EmbeddingChild, LocalEmbedder

__all__: list[str] = []

_PAIRS = Path(__file__).with_name("embedding_pairs.tsv")
_MODELS = Path.home() / ".cache" / "jindou" / "models"


def _main() -> None:
    weights = pull(get_entry(E5_SMALL.name), _MODELS, timeout=10.0, report=lambda _: None)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        child = EmbeddingChild(E5_SMALL, lambda: weights, 1, home / "log", home / "told.json")
        embedder = LocalEmbedder(E5_SMALL, child.address)
        try:
            embedder.load()
            started = _cpu(child)
            print(json.dumps(_quality(embedder) | _speed(embedder, child) | {"start_cpu_s": round(started, 2)}))
        finally:
            child.stop()


def _quality(embedder: Embedder) -> dict[str, object]:
    english, chinese, english_texts, chinese_texts = _columns()
    ask = {"en": _vectors(embedder, english, "query"), "zh": _vectors(embedder, chinese, "query")}
    told = {"en": _vectors(embedder, english_texts, "passage"), "zh": _vectors(embedder, chinese_texts, "passage")}
    found = {f"{one}-{other}": _top1(ask[one], told[other]) for one in ask for other in told}
    found |= {f"{one}-mixed": _top1(ask[one], told["en"] + told["zh"]) for one in ask}
    found |= {f"{one}-crossed": _crossed(ask[one], told["zh" if one == "en" else "en"], told[one]) for one in ask}
    return {"model": embedder.name, "top1": found}


def _speed(embedder: Embedder, child: EmbeddingChild) -> dict[str, object]:
    _, _, english, chinese = _columns()
    short = [*english, *chinese]
    long = [" ".join([short[at], short[at + 1]] * 2) for at in range(len(short) - 1)]
    speeds: dict[str, float] = {}
    for name, texts in (("short", short), ("long", long)):
        before = _cpu(child)
        tokens = embedder.embed(texts).tokens
        used = _cpu(child) - before
        speeds |= {name: round(len(texts) / used, 1), f"{name}_tokens": round(tokens / used)}
    return {"per_cpu_second": speeds, "memory_mb": (child.rss_bytes() or 0) >> 20}


def _columns() -> list[list[str]]:
    lines = [line for line in _PAIRS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [list(column) for column in zip(*(line.split("\t") for line in lines), strict=True)]


def _vectors(embedder: Embedder, texts: Sequence[str], kind: Kind) -> list[Vector]:
    return embedder.embed(texts, kind).vectors


def _top1(asked: Sequence[Vector], told: Sequence[Vector]) -> float:
    right = 0
    for at, sought in enumerate(asked):
        near = [likeness(sought, vector) for vector in told]
        right += near.index(max(near)) % len(asked) == at
    return round(right / len(asked), 3)


def _crossed(asked: Sequence[Vector], other: Sequence[Vector], same: Sequence[Vector]) -> float:
    right = 0
    for at, sought in enumerate(asked):
        pool = [*other, *(vector for place, vector in enumerate(same) if place != at)]
        near = [likeness(sought, vector) for vector in pool]
        right += near.index(max(near)) == at
    return round(right / len(asked), 3)


def _cpu(child: EmbeddingChild) -> float:
    times = psutil.Process(child.pid() or 0).cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    _main()

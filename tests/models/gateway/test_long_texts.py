"""What a client or a model writes at length takes no longer for each of its signs."""

import json
import time
from collections.abc import Callable

import pytest

from jindou.models.gateway import CompletionAsk, ToolSchema, complete, stands_in
from jindou.models.gateway.arguments import fit
from jindou.models.gateway.chances import chances
from jindou.models.gateway.copying import as_said, numbers_in
from jindou.models.gateway.parsing import read
from jindou.models.gateway.telling import Told
from jindou.models.gateway.wording import left_out, without_made_up
from models.gateway.scripted import Writer

COPIED = {"type": "string", "x-copied": True}
NAMES = " ".join(f"A{at:x}b" for at in range(60_000))
WORDS = " ".join("".join("bcdfghklmn"[int(digit)] for digit in str(at)) for at in range(100_000, 180_000))
CALL = '{"name": "f%s", "arguments": {"a": 1}}, '
F = ToolSchema("f", "Do it.", {"type": "object", "properties": {"a": {"type": "array"}}})
LONG: dict[str, Callable[[], object]] = {
    "numerals": lambda: numbers_in("一" * 50_000),
    "numerals_of_money": lambda: numbers_in("一" * 50_000 + "元"),
    "a_line": lambda: as_said("sofi.jansen@example.com", COPIED, "-" * 60_000),
    "names": lambda: left_out(f"x {NAMES}", {}, [ToolSchema("f", NAMES.lower()[::-1], {})]),
    "wishes": lambda: without_made_up({"a": WORDS[:4_000]}, {}, Told([{"role": "user", "content": WORDS[4_000:]}])),
    "a_wish": lambda: without_made_up({"a": "a" * 100_000}, {}, Told([{"role": "user", "content": "b" * 100_000}])),
    "an_argument": lambda: fit({"x": ". " * 10_000 + "b"}, {"properties": {"a": {}}}, ". " * 100_000),
    "words": lambda: stands_in("a " * 4_000 + "b", "a " * 300_000),
    "underscores": lambda: stands_in("_ _ _ _ _ ab", "_" * 1_000),
    "lines": lambda: read("Hm" + "\n" * 50_000, complete=True),
    "open_lists": lambda: read("[" * 20_000, complete=False),
    "quotes": lambda: read("{'" + '\\"' * 20_000 + "}", complete=True),
    "calls": lambda: chances([((CALL % at, -0.1),) for at in range(10_000)]),
}


@pytest.mark.parametrize("name", LONG)
def test_it_takes_no_longer_for_each_sign_of_a_long_text(name: str) -> None:
    began = time.process_time()
    LONG[name]()
    assert time.process_time() - began < 3.0


def nested(depth: int) -> str:
    return json.dumps({"name": "f", "arguments": {"a": 0}}).replace("0", "[" * depth + "]" * depth)


@pytest.mark.parametrize("written", [nested(500), nested(5_000), "[" * 5_000, '{"function":' * 5_000])
def test_brackets_within_more_others_than_can_be_meant_are_no_call(written: str) -> None:
    engine = Writer(written, written, written, size=1_000)
    made = complete(engine, CompletionAsk([{"role": "user", "content": "Do it."}], [F], full=True, least_chance=0.0))
    assert made.calls == ()
    assert len(read(nested(40), complete=True).calls) == 1


def test_an_amount_in_chinese_is_no_end_of_a_longer_one() -> None:
    assert numbers_in("九千九百九十九元，两百块") == [9999, 200]
    assert numbers_in("一万五千元，三亿二千元") == []


def test_a_text_stands_in_another_whatever_stands_between_its_words() -> None:
    assert stands_in("free_entry", "Is FREE_entry there?")
    assert stands_in("New York, NY", "from new-york (NY)")
    assert not stands_in("york", "from new yorkshire")
    assert not stands_in("a", "a")
    assert not stands_in("_ _", "_ _")

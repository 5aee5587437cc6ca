"""The words of an answer come as they are made, however long it is."""

import time

import pytest

from jindou.models.gateway.saying import Saying


def fed(pieces: list[str]) -> tuple[Saying, list[str]]:
    told: list[str] = []
    saying = Saying(told.append)
    for piece in pieces:
        saying.feed(piece)
    return saying, told


SAID = '{"name": "say", "arguments": {"text": "'
LONG: list[tuple[str, str]] = [
    ("", "word "),
    ("", "\n"),
    ("Look:", "\n"),
    ("Look: ```", "a"),
    ("Look: ```\n", " "),
    ("Look: ```{", "x"),
    ("", "`"),
    ("{", " "),
    ("{", "x"),
    (SAID, "word "),
    (SAID, "\n"),
    (SAID, "\\u"),
    (SAID + '"', "x"),
]


@pytest.mark.parametrize(("begun", "piece"), LONG)
def test_a_long_output_takes_no_longer_for_each_of_its_pieces(begun: str, piece: str) -> None:
    began = time.process_time()
    saying, _ = fed([begun, *[piece] * 20_000])
    assert time.process_time() - began < 2.0, "With all of it looked at, it is half a minute."
    assert saying.output == begun + piece * 20_000


def test_white_space_is_part_of_an_answer_once_something_follows() -> None:
    assert fed(["\n", " Hi", " ", "\n", "you", " "])[1] == ["Hi", " \nyou"]
    assert fed([SAID, "\n", " Hi", " ", "\\n", "you", " "])[1] == ["Hi", " \nyou"]


def test_what_may_become_a_call_waits_and_is_told_once_it_is_none() -> None:
    assert fed(["Run `", "ls`", ", ``", "`sh", "\n", "ls"])[1] == ["Run", " `ls", "`,", " ```sh\nls"]
    assert fed(["a <", "to", "p"])[1] == ["a", " <top"]
    assert fed(["See:\n", "  ", "[", '{"a": 1}] and more'])[1] == ["See:"]
    assert fed(["See ", "(", "[1]", ")"])[1] == ["See", " (", "[1]", ")"]


def test_a_backslash_that_no_escape_begins_with_stands_for_itself() -> None:
    saying, told = fed([SAID, "C:", "\\", "q \\", "\\q \\ud83d", "\\ude00 \\", 'u12"}}'])
    assert saying.said == "C:\\q \\q 😀 "
    assert "".join(told) == "C:\\q \\q 😀"

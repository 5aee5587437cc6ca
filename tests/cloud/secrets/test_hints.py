"""What is hidden is looked for in each log line: where it is not, at once; and where it is, it is found."""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from jindou import hiding
from jindou.cloud.secrets import Scrubber
from jindou.telemetry.logs import configure_logging

FORMS = st.sampled_from(["plain", "upper", "reversed", "wrapped", "escaped", "form"])
WORDS = st.text(alphabet="ab\\=%&;#x4c\n \ud800é\"'", max_size=12)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing hidden that another test hid."""
    forget(monkeypatch)


def forget(patch: pytest.MonkeyPatch) -> None:
    """Have nothing hidden, for as long as `patch` holds."""
    patch.setattr(hiding, "_scrubs", [])
    patch.setattr(hiding, "_ended", {})
    patch.setattr(hiding, "_watch", None)


def disguised(value: str, form: str, number: int) -> str:
    scrubber = Scrubber(value)
    match form:
        case "upper":
            return value.upper()
        case "reversed":
            return value[::-1]
        case "wrapped":
            return "\n".join(value[at : at + 5] for at in range(0, len(value), 5))
        case "escaped":
            return "".join(f"\\x{byte:02x}" for byte in value.encode(errors="replace"))
        case "form":
            return scrubber.forms[number % len(scrubber.forms)]
        case _:
            return value


@given(
    value=st.text(min_size=8, max_size=40).filter(lambda text: text.isprintable() and "\ud800" not in text),
    form=FORMS,
    number=st.integers(0, 40),
    around=st.lists(WORDS, min_size=4, max_size=4),
)
def test_what_a_scrubber_would_change_is_never_passed_over(
    value: str, form: str, number: int, around: list[str]
) -> None:
    scrubber = Scrubber(value)
    text = f"{around[0]}{disguised(value, form, number)}{around[1]}"
    # What another example hid stays hidden for a while, and may be in this one's text too.
    with pytest.MonkeyPatch.context() as patch:
        forget(patch)
        _is_found(scrubber, text, around)


def _is_found(scrubber: Scrubber, text: str, around: list[str]) -> None:
    with hiding.hiding(scrubber):
        if scrubber(text) != text:
            assert hiding.may_tell(text)
            assert hiding.may_tell("\n".join([around[2], text, around[3]]))
            assert hiding.scrubbed(text) == scrubber(text)


def test_of_shapes_that_are_long_few_places_are_looked_at() -> None:
    shape = "abcdefghijklmnop0123"
    assert {len(hint) for hint in hiding.hints_of([shape])} == {8}
    for before in range(20):
        seen = "x" * before + shape + "yy"
        assert any(seen[at : at + 8] in hiding.hints_of([shape]) for at in range(0, len(seen), 9))


class Counting(Scrubber):
    """Counts how often it is asked."""

    asked = 0

    @override
    def __call__(self, text: str) -> str:
        Counting.asked += 1
        return super().__call__(text)


def lines(path: Any) -> Iterator[Mapping[str, Any]]:
    yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def test_a_line_without_any_of_them_is_looked_at_once(tmp_path: Any) -> None:
    for number in range(16):
        with hiding.hiding(Counting(f"token-number-{number}-{number * 7919:x}-abcdefgh")):
            pass
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logging(tmp_path / "log", "INFO")
    try:
        log, fields = logging.getLogger("jindou.test"), {"run": "run_06f3abcdef", "url": "https://a.example/?b=1&c=%20"}
        log.info("a step ended", extra={"fields": {**fields, "seconds": 1.25, "tags": {"x"}}})
        assert Counting.asked == 0
        log.info("a step ended", extra={"fields": {"error": "refused TOKEN-number-3-5ccd-abcdefgh"}})
        assert Counting.asked > 0
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    clean, dirty = lines(tmp_path / "log")
    assert clean["fields"] == {**fields, "seconds": 1.25, "tags": ["x"]}
    assert "5ccd" not in str(dirty).lower()

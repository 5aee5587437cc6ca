"""The console's words, and how it writes money and time."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindou.billing.pricing import Money
from jindou.surfaces.console import formats, texts
from jindou.surfaces.console.languages import spoken
from jindou.surfaces.console.texts import LANGUAGES, texts_in

_FOLDER = Path(texts.__file__).parent
_BLANK = re.compile(r"\{\w+\}")


def _words(language: str) -> dict[str, str]:
    return json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    english, chinese = (_words(language) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    blanks = {key: (set(_BLANK.findall(english[key])), set(_BLANK.findall(chinese[key]))) for key in english}
    assert {key: pair for key, pair in blanks.items() if pair[0] != pair[1]} == {}


def test_no_english_text_has_chinese_in_it() -> None:
    assert [key for key, text in _words("en").items() if re.search(r"[\u4e00-\u9fff]", text)] == []


def test_only_what_a_provider_vouches_by_bears_the_chinese_word_for_an_access_token() -> None:
    assert [key for key, text in _words("zh").items() if "令牌" in text] == ["sign_in.sso_token.text"]


def test_an_unknown_text_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(KeyError):
        texts_in("en")("no.such.text")


def test_a_text_of_a_pack_falls_back_to_english_and_then_to_any() -> None:
    chinese = texts_in("zh")
    assert chinese.pick({"en": "Refund", "zh": "退款"}) == "退款"
    assert chinese.pick({"en": "Refund"}) == "Refund"
    assert chinese.pick({"de": "Erstattung"}) == "Erstattung"
    assert chinese.pick({}) == ""


def test_one_is_said_otherwise_than_many() -> None:
    english = texts_in("en")
    assert english.count("usage.days", 1) == "1 day"
    assert english.count("usage.events", 1200) == "1,200 entries in the ledger"


@pytest.mark.parametrize(
    ("wish", "language"),
    [("zh-Hans-CN", "zh"), ("zh", "zh"), ("EN-gb", "en"), ("de", None), ("auto", None), ("", None)],
)
def test_a_wish_for_a_language_is_understood_by_its_first_part(wish: str, language: str | None) -> None:
    assert spoken(wish) == language


@given(micro=st.integers(min_value=-(10**15), max_value=10**15))
def test_money_in_a_column_keeps_every_micro_unit(micro: int) -> None:
    shown = re.sub(r"<[^>]+>|,| |CNY", "", formats.exact_money(Money(micro=micro, currency="CNY")))
    whole, _, decimals = shown.partition(".")
    assert len(decimals) == 6
    assert int(whole + decimals) == micro


@pytest.mark.parametrize(
    ("length", "shown"),
    [(0.04, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")],
)
def test_a_span_of_time_is_as_exact_as_it_needs_to_be(length: float, shown: str) -> None:
    assert formats.span(length) == shown


def test_what_goes_on_has_no_length_yet() -> None:
    start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert formats.seconds(start, None) == "–"
    assert formats.seconds(start, start + timedelta(seconds=12)) == "12 s"


def test_a_moment_is_written_in_utc_for_those_without_scripts() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert 'datetime="2026-03-02T09:00:00.000Z"' in formats.moment(at)
    assert "2026-03-02 09:00 UTC" in formats.moment(at)

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from jindou.packs.ecommerce.amounts import Amount, money, to_micro

_AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)
_FEN = st.integers(min_value=1, max_value=100_000_000)


@given(_FEN)
def test_every_amount_to_the_fen_survives_json_and_becomes_exact_micro_units(fen: int) -> None:
    written = f"{fen // 100}.{fen % 100:02}"
    for told in (json.loads(written), written, Decimal(written), fen / 100):
        amount = _AMOUNT.validate_python(told)
        assert to_micro(amount) == fen * 10_000
        assert money(to_micro(amount)) == f"{written} CNY"


@given(_FEN)
def test_an_amount_in_the_journal_is_read_back_as_the_same_amount(fen: int) -> None:
    amount = _AMOUNT.validate_python(Decimal(fen) / 100)
    assert _AMOUNT.validate_json(_AMOUNT.dump_json(amount)) == amount


@given(st.floats() | st.decimals() | st.integers() | st.text())
def test_whatever_is_taken_is_more_than_nothing_bounded_and_whole_in_fen(told: object) -> None:
    try:
        amount = _AMOUNT.validate_python(told)
    except ValidationError:
        return
    assert 0 < amount <= 1_000_000
    assert to_micro(amount) % 10_000 == 0
    assert amount == Decimal(str(told))


@pytest.mark.parametrize("told", ["9" * 5000, "1e400", "-0.00", "١٢..", "0.001", "sNaN"])
def test_numbers_made_to_break_a_parser_are_refused(told: object) -> None:
    with pytest.raises(ValidationError):
        _AMOUNT.validate_python(told)
    with pytest.raises(ValidationError):
        _AMOUNT.validate_python(10**5000)


def test_money_is_shown_with_its_sign() -> None:
    assert (money(0), money(-1_500_000), money(1_234_560_000)) == ("0.00 CNY", "-1.50 CNY", "1234.56 CNY")

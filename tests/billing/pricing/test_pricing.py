"""Money is exact, and a price is never guessed."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jindou.billing.pricing import MICRO, Money, Price, PriceBook, PriceMissing
from jindou.errors import Invalid

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("micro", "places", "told"),
    [
        (25_500_000, 2, "25.50"),
        (0, 2, "0.00"),
        (1, 2, "0.000001"),
        (120, 2, "0.00012"),
        (-25_500_000, 2, "-25.50"),
        (-1, 2, "-0.000001"),
        (7_000_000, 0, "7"),
        (7_100_000, 0, "7.1"),
        (1_234_567_890_000_000, 2, "1234567890.00"),
    ],
)
def test_an_amount_has_as_many_decimals_as_it_needs(micro: int, places: int, told: str) -> None:
    assert Money(micro=micro, currency="CNY").decimal(places) == told


def test_an_amount_names_its_currency() -> None:
    assert str(Money(micro=25_500_000, currency="CNY")) == "25.50 CNY"


@given(some.integers(-(10**18), 10**18))
def test_an_amount_written_down_is_exact(micro: int) -> None:
    assert Fraction(Money(micro=micro, currency="CNY").decimal()) == Fraction(micro, MICRO)


def book(*prices: Price) -> PriceBook:
    return PriceBook(list(prices), "CNY")


def price(per_million: int = 1, valid_from: date = DAY, currency: str = "CNY", sku: str = "model:m") -> Price:
    return Price(sku=sku, valid_from=valid_from, currency=currency, per_million={"input_tokens": per_million})


def test_a_price_holds_from_its_day_until_a_later_one() -> None:
    prices = book(price(2, date(2026, 3, 1)), price(1, date(2026, 1, 1)), price(3, date(2026, 6, 1)))
    days = (date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1), date(2026, 5, 31), date(2027, 1, 1))
    assert [prices.price("model:m", day).per_million["input_tokens"] for day in days] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("sku", "on", "quantities", "told"),
    [
        ("model:unknown", DAY, {"input_tokens": 1}, "model:unknown"),
        ("model:m", date(2026, 3, 1), {"input_tokens": 1}, "on 2026-03-01"),
        ("model:m", DAY, {"output_tokens": 1}, "output_tokens"),
    ],
)
def test_what_has_no_price_is_not_given_away(sku: str, on: date, quantities: dict[str, int], told: str) -> None:
    with pytest.raises(PriceMissing, match=told):
        book(price()).cost(sku, quantities, on)


def test_a_price_in_another_currency_is_none() -> None:
    with pytest.raises(PriceMissing, match="no CNY price"):
        book(price(currency="USD")).cost("model:m", {"input_tokens": 1}, DAY)


def test_a_unit_that_was_not_used_needs_no_price() -> None:
    assert book(price(10)).cost("model:m", {"input_tokens": 0, "output_tokens": 0}, DAY).micro == 0


@pytest.mark.parametrize(("tokens", "micro"), [(0, 0), (499_999, 0), (500_000, 1), (1_499_999, 1), (1_500_000, 2)])
def test_half_a_micro_unit_is_rounded_up(tokens: int, micro: int) -> None:
    assert book(price(1)).cost("model:m", {"input_tokens": tokens}, DAY).micro == micro


@given(
    some.dictionaries(
        some.sampled_from(["input_tokens", "cached_tokens", "output_tokens"]),
        some.tuples(some.integers(0, 10**12), some.integers(0, 10**12)),
    )
)
def test_a_cost_is_the_exact_sum_rounded_half_up(uses: dict[str, tuple[int, int]]) -> None:
    per_million = {unit: of for unit, (of, _) in uses.items()}
    prices = book(Price(sku="s", valid_from=DAY, currency="CNY", per_million=per_million))
    cost = prices.cost("s", {unit: quantity for unit, (_, quantity) in uses.items()}, DAY)
    exact = sum((Fraction(of * quantity, MICRO) for of, quantity in uses.values()), Fraction(0))
    assert cost.micro - Fraction(1, 2) <= exact < cost.micro + Fraction(1, 2)


def test_the_price_book_that_comes_with_jindou_prices_every_kind_of_step() -> None:
    prices = PriceBook.load("CNY")
    tokens = {"input_tokens": 1000, "cached_tokens": 1000, "output_tokens": 100}
    for model in ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"):
        assert prices.cost(f"model:{model}", tokens, DAY).micro > 0
    for risk in ("read", "write", "money"):
        assert prices.cost(f"tool:{risk}", {"calls": 1}, DAY).micro > 0


def test_a_currency_without_prices_is_refused_at_the_start() -> None:
    with pytest.raises(Invalid, match="no prices in EUR") as refused:
        PriceBook.load("EUR")
    assert refused.value.field == "currency"

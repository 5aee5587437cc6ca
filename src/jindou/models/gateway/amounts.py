"""The number that a text is, with a unit or a currency at most: "50 kg" is 50, but "50k" and "3 million" are not."""

import re
from typing import Final

__all__ = ["amount_of"]

_CODES: Final = (
    "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|MYR|NOK|NZD|PHP|PLN|RMB|RUB|SAR|SEK|"
    "SGD|THB|TRY|TWD|USD|VND|ZAR"
)
_MONEY: Final = rf"(?:[A-Z]{{0,2}}\$|[€£¥￥₹₩₽₺₫₱₴₪฿]|(?:{_CODES})(?![A-Za-z+-]))"
_AMOUNT: Final = re.compile(rf"(?:{_MONEY}\s*)?([+-]?\d+(?:,\d{{3}})*(?:\.\d+)?)(\D*)")
_UNIT: Final = re.compile(
    rf"(?:\s*(?:[%％]|°[CF]?|{_MONEY}))?(?:\s*[\u4e00-\u9fff]++|\s+[^\W\d_\u4e00-\u9fff]++(?:/[^\W\d_]+)?[²³]?\.?)*+"
)
"""Words that stand apart from the number, as Chinese signs always do."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_NO_UNIT: Final = re.compile(
    r"[kmbx]|bn|mn|mln|mio|mrd|tn|score|grand|half|halves|and|or|to|by|point|plus|minus|[ap]m|st|nd|rd|th"
    r"|below|above|under|over|zero|one|two|three|four|five|six|seven|eight|nine"
    r"|(?:dozen|lakh|crore|pair|couple|third|quarter|fifth|(?:ten|hundred|thousand|million|billion|trillion)(?:th)?)s?"
)
_NO_CHINESE_UNITS: Final = frozenset("零〇一二两三四五六七八九十百千万亿半几多成打对双")
_THOUSANDS: Final = re.compile(r"(?<!千)千(?:克|米|瓦|卡|帕|赫|焦|字节)")
"""Units that are a thousand of another."""

_MOST_DIGITS: Final = 300
"""As a float has; Python takes no integer from a text of some thousands."""


def amount_of(text: str) -> int | float | None:
    """Return the number, or None where the words around it may make it another, or a name."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or not _is_unit(found[2]):
        return None
    digits = found[1].replace(",", "")
    if len(digits) > _MOST_DIGITS:
        return None
    return float(digits) if "." in digits else int(digits)


def _is_unit(text: str) -> bool:
    if not _UNIT.fullmatch(text) or not _NO_CHINESE_UNITS.isdisjoint(_THOUSANDS.sub("", text)):
        return False
    return not any(map(_NO_UNIT.fullmatch, _WORD.findall(text.lower())))

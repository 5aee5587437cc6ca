"""How a page writes money, spans of time and moments."""

import json
from datetime import UTC, datetime

from markupsafe import Markup, escape

from jindou.billing.pricing import MICRO, Money

__all__ = ["code", "decimal", "exact_money", "in_order", "moment", "money", "pretty", "seconds", "size", "span"]

_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
"""The letters that turn the direction of those behind them, so that other words are read than there are."""


def in_order(value: object) -> object:
    """Return what a page is to show; in a text nothing is shown in another order than it stands."""
    return value.translate(_TURNS) if type(value) is str and not value.isascii() else value


def code(text: str) -> Markup:
    """Return `text` with what stands between backticks as code."""
    ticked = Markup("<code>{}</code>")
    return Markup().join(ticked.format(part) if n % 2 else escape(part) for n, part in enumerate(text.split("`")))


def money(amount: Money) -> str:
    """Return ``0.0012 CNY``: every digit that counts, two decimals at least."""
    return str(amount)


def decimal(micro: int) -> str:
    """Return ``50.00`` for 50,000,000: an amount without its currency, as a form takes it back."""
    return Money(micro=micro, currency="").decimal()


def exact_money(amount: Money) -> Markup:
    """Return all six decimals, so that a column lines up; those that say nothing stand back."""
    sign = "-" if amount.micro < 0 else ""
    whole, rest = divmod(abs(amount.micro), MICRO)
    digits = f"{rest:06d}"
    kept = max(len(digits.rstrip("0")), 2)
    return Markup(
        '<span class="money">{}{:,}.{}<span class="faint">{}</span> <span class="unit">{}</span></span>'
    ).format(sign, whole, digits[:kept], digits[kept:], amount.currency)


def moment(at: datetime, form: str = "datetime") -> Markup:
    """Return a ``<time>`` in UTC, which the page rewrites in the viewer's own zone; `form` says how much of it."""
    utc = at.astimezone(UTC)
    shown = utc.strftime("%H:%M UTC" if form == "time" else "%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"), form, shown
    )


def seconds(start: datetime, end: datetime | None) -> str:
    """Return how long something took, or a dash while it goes on."""
    return "–" if end is None else span((end - start).total_seconds())


def span(length: float) -> str:
    """Return ``0.4 s``, ``12 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    if length < 9.95:  # noqa: PLR2004 - below, one decimal still says something
        return f"{max(length, 0):.1f} s"
    whole = round(length)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{whole} s"


def size(count: int) -> str:
    """Return ``398 MB`` or ``5.0 GB``, in powers of ten as disks are sold."""
    giga = 1_000_000_000
    return f"{count / giga:,.1f} GB" if count >= giga else f"{count / 1_000_000:,.0f} MB"


def pretty(value: object) -> str:
    """Return `value` as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)

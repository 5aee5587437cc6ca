"""Takes a value out of what a tool says, in every form in which a tool is likely to say it."""

import base64
import html
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import quote, quote_plus

from typing_extensions import override

from jindou.cloud.secrets.reading import readings, squeezed
from jindou.hiding import hints_of

__all__ = ["Scrubber"]

_HIDDEN: Final = "[secret]"
_TELLING: Final = 6
"""Fewer characters than these could be in any text by chance."""


class Scrubber:
    """Scrubs one value.

    Where it stands plain, in hexadecimal, escaped for HTML, URLs, JSON or Python, or inside of a longer base64, it
    alone is taken out. Where it can only be read after some decoding, or from pieces, the whole text goes.
    """

    def __init__(self, value: str) -> None:
        # The longest first, so that no form leaves a piece of another one.
        self.forms = tuple(sorted(set(_forms(value)), key=len, reverse=True))
        self._shapes = frozenset(shape for shape in _shapes(value) if len(shape) >= _TELLING)
        self.hints = hints_of({*self._shapes, *map(squeezed, self.forms)})

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scrubber) and self.forms == other.forms

    @override
    def __hash__(self) -> int:
        return hash(self.forms)

    def __call__(self, text: str) -> str:
        """Do what `text` does."""
        return self.text(text)

    def text(self, text: str) -> str:
        """Return `text` without the value."""
        for form in self.forms:
            text = text.replace(form, _HIDDEN)
        return _HIDDEN if self.is_in(text) else text

    def json(self, value: Any) -> Any:
        """Return a JSON value without the value in any of its texts, the names of members among them."""
        match value:
            case str():
                return self.text(value)
            case dict():
                members = cast("dict[str, Any]", value)
                return {self.text(name): self.json(member) for name, member in members.items()}
            case list():
                return [self.json(item) for item in cast("list[Any]", value)]
            case _:
                # A number may be the value too: one of digits alone.
                return value if isinstance(value, bool) or self.text(str(value)) == str(value) else _HIDDEN

    def result(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return a tool's result without the value; without everything, where its texts together tell the value."""
        scrubbed = self.json(dict(result))
        if self.is_in("".join(_names(scrubbed))) or self.is_in("".join(_leaves(scrubbed))):
            return {"hidden": _HIDDEN}
        return scrubbed

    def is_in(self, text: str) -> bool:
        """Say whether somebody who decodes `text` finds the value: escaped, wrapped, backwards, or in other case."""
        return any(shape in seen for seen in self.seen(text) for shape in self._shapes)

    @staticmethod
    def seen(text: str) -> Iterator[str]:
        """Yield what a text says to somebody who decodes it, level by level, without what only divides words."""
        return map(squeezed, readings(text))


def _forms(value: str) -> Iterator[str]:
    raw = value.encode()
    yield value
    yield from (raw.hex(), raw.hex().upper(), html.escape(value), repr(value)[1:-1], ascii(value)[1:-1])
    for escaped in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield from (escaped, _lower_escapes(escaped))
    every = "".join(f"%{byte:02X}" for byte in raw)
    yield from (every, every.lower())
    for plain in (value, value.replace("/", "\\/")):
        for ascii_only in (True, False):
            yield json.dumps(plain, ensure_ascii=ascii_only)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1].replace("/", "\\/")
    yield from _base64_forms(raw)


def _shapes(value: str) -> Iterator[str]:
    """Yield what `squeezed` makes of each form, of the value however often it was decoded."""
    yield from map(squeezed, readings(value[::-1]))
    for plain in readings(value):
        yield squeezed(plain)
        raw = plain.encode(errors="surrogatepass")
        yield from (raw.hex(), "".join(map(str, raw)))
        yield from map(squeezed, (*_base64_forms(raw), *_base32_forms(raw)))


def _lower_escapes(escaped: str) -> str:
    first, *rest = escaped.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of `raw` wherever it begins in a longer text: the letters that it alone decides."""
    for before in range(3):
        padded = b"\0" * before + raw
        first = -(-before * 8 // 6)
        last = len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(padded).decode()[first:last]


def _base32_forms(raw: bytes) -> Iterator[str]:
    for before in range(5):
        padded = b"\0" * before + raw
        yield base64.b32encode(padded).decode()[-(-before * 8 // 5) : len(padded) * 8 // 5]


def _names(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, member in cast("dict[str, Any]", value).items():
                yield name
                yield from _names(member)
        case list():
            for item in cast("list[Any]", value):
                yield from _names(item)
        case _:
            return


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for member in cast("dict[str, Any]", value).values():
                yield from _leaves(member)
        case list():
            for item in cast("list[Any]", value):
                yield from _leaves(item)
        case _:
            yield str(value)

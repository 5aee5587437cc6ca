"""Takes a value out of what a tool says, in every form in which a tool is likely to say it."""

import base64
import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import quote, quote_plus

__all__ = ["Scrubber"]

_HIDDEN = "[secret]"


class Scrubber:
    """Scrubs one value: plain, in hexadecimal, percent-encoded, JSON-escaped, and inside of a longer base64."""

    def __init__(self, value: str) -> None:
        # The longest first, so that no form leaves a piece of another one.
        self.forms = tuple(sorted(set(_forms(value)), key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return `text` without the value."""
        for form in self.forms:
            text = text.replace(form, _HIDDEN)
        return text

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


def _forms(value: str) -> Iterator[str]:
    raw = value.encode()
    yield value
    yield from (raw.hex(), raw.hex().upper())
    for escaped in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield from (escaped, _lower_escapes(escaped))
    every = "".join(f"%{byte:02X}" for byte in raw)
    yield from (every, every.lower())
    for plain in (value, value.replace("/", "\\/")):
        for ascii_only in (True, False):
            yield json.dumps(plain, ensure_ascii=ascii_only)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1].replace("/", "\\/")
    yield from _base64_forms(raw)


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

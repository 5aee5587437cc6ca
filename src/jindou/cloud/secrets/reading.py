"""What a text says to somebody who decodes it: escapes undone level by level, and what only divides words left out."""

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import unquote

__all__ = ["readings", "squeezed"]

_LEVELS: Final = 8
_DIVIDERS: Final = dict.fromkeys(
    map(ord, "\t\n\v\f\r \"'`,;+\\[](){}\x85\xa0\xad\u200b\u200c\u200d\u2028\u2029\u2060\u3000\ufeff")
)
_ESCAPED: Final = re.compile(
    r"""((?:\\(?:x[0-9a-fA-F]{2}|[0-3][0-7]{2}))+)
    | \\(?: u([0-9a-fA-F]{4}) | u\{([0-9a-fA-F]{1,6})\} | U([0-9a-fA-F]{8}) | (.))""",
    re.DOTALL | re.VERBOSE,
)
_BYTE: Final = re.compile(r"x[0-9a-fA-F]{2}|[0-3][0-7]{2}")
_PRINTED: Final = re.compile(r"=(?:\r?\n|([0-9A-F]{2}))")
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}
_LAST: Final = 0x10FFFF


def readings(text: str) -> Iterator[str]:
    """Yield `text`, and what it is with its escapes undone: once, and again while there are any, seven times at most.

    Known are those of HTML and XML, of URLs, of JSON and Python, and those of mail (quoted-printable).
    """
    for _ in range(_LEVELS):
        yield text
        plain = _unescaped(text)
        if plain == text:
            return
        text = plain


def squeezed(text: str) -> str:
    """Return `text` in small letters without blanks, line ends, quotes, commas, brackets and what nobody sees."""
    return text.casefold().translate(_DIVIDERS)


def _unescaped(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if "=" in text:
        text = _PRINTED.sub(lambda found: f"%{found[1]}" if found[1] else "", text)
    if "%" in text:
        text = unquote(text)
    if "\\" in text:
        text = _ESCAPED.sub(_meant, text)
        with suppress(UnicodeError):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    return text


def _meant(found: re.Match[str]) -> str:
    if found[1]:
        return _text(bytes(int(code[1:], 16) if code[0] == "x" else int(code, 8) for code in _BYTE.findall(found[1])))
    code = found[2] or found[3] or found[4]
    if code:
        return chr(int(code, 16)) if int(code, 16) <= _LAST else ""
    return _CONTROLS.get(found[5], found[5])


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")

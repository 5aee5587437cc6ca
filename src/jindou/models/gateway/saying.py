"""The words of an output as it is made: what is said in JSON, or plain text; never a piece of a call."""

import json
import re
from collections.abc import Callable
from typing import Final

__all__ = ["Saying", "showable"]

_MAYBE_CALL: Final = re.compile(r"(?:\A|\n)\s*[{\[]|```[a-z_]*\s*(?:[{\[<]|\Z)|<tool|(?:`{1,2}|<t?o?o?)\Z")
"""A sign with which a call can begin, or what may become one with the next piece."""

_SAID: Final = re.compile(
    r'\s*\[?\s*\{\s*"(?:name|function)"\s*:\s*"say"\s*,\s*"arguments"\s*:\s*\{\s*"text"\s*:\s*"(?P<text>(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*)'
)
_HALF_PAIR: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_UNSHOWABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def showable(text: str) -> str:
    """Return `text` without control characters and halves of characters, which no database keeps."""
    return _UNSHOWABLE.sub("", text)


class Saying:
    """Takes the output piece by piece and passes on to `on_text` what is certainly words.

    `output` is everything so far; `said` is what it says in JSON, also when that breaks off.
    """

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._sent = 0
        self.output = ""
        self.said = ""

    def feed(self, piece: str) -> None:
        """Take the next piece of the output."""
        self.output += showable(piece)
        found = _SAID.match(self.output)
        if found:
            self.said = showable(json.loads(f'"{_HALF_PAIR.sub("", found["text"])}"', strict=False))
            self._send(self.said)
            return
        ready = self.output.lstrip()
        sign = _MAYBE_CALL.search(ready)
        self._send(ready[: sign.start()] if sign else ready)

    def finish(self, words: str) -> None:
        """Pass on what is left of `words`: they are an answer."""
        self._send(words)

    def _send(self, words: str) -> None:
        # White space at the end waits: it is part of the answer only if something follows.
        words = words.strip()
        if len(words) > self._sent:
            self._on_text(words[self._sent :])
            self._sent = len(words)

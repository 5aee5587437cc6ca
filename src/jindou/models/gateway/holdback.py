"""Text on its way to a person, held back from where it may turn out to be a call."""

import re
from collections.abc import Callable
from typing import Final

__all__ = ["Holdback"]

_MAYBE_CALL: Final = re.compile(r"[{\[]|```|<tool|(?:`{1,2}|<t?o?o?)\Z")
"""A sign with which a call can begin, or what may become one with the next piece."""


class Holdback:
    """Passes text on to `on_text` until a sign with which a call can begin; from there on it waits."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._sent = 0
        self.text = ""

    def feed(self, piece: str) -> None:
        """Take the next piece of the output."""
        self.text += piece
        ready = self.text.lstrip()
        sign = _MAYBE_CALL.search(ready)
        self._send(ready[: sign.start()].rstrip() if sign else ready)

    def release(self, answer: str) -> None:
        """Pass on what of `answer` has not been passed on yet: it is no call."""
        self._send(answer)

    def _send(self, text: str) -> None:
        if len(text) > self._sent:
            self._on_text(text[self._sent :])
            self._sent = len(text)

"""The words of an output as it is made: what is said in JSON, or plain text; never a piece of a call."""

import json
import re
from collections.abc import Callable
from typing import Final

__all__ = ["Saying", "showable"]

_MAYBE_CALL: Final = re.compile(
    r"(?P<call>(?<!\s)(?=[^\S\n]*+\n)\s++[{\[]|```[a-z_]*+\s*+[{\[<]|<tool)"
    r"|(?P<fence>```[a-z_]*+\s*+\Z)|(?:`{1,2}|<t?o?o?)\Z"
)
"""A sign with which a call can begin, or what may become one with the next piece."""

_SPACES: Final = re.compile(r"\s+")
_FENCED: Final = re.compile(r"[a-z_]+")
_HEAD: Final = tuple(
    re.compile(rf"\s*+(?:{sign})")
    for sign in (
        *(r"\[|(?=\{)", r"\{", r'"(?:name|function)"', ":", '"say"', ",", '"arguments"', ":", r"\{"),
        *('"text"', ":", '"'),
    )
)
"""What stands before something said in JSON."""

_LONGEST_SIGN: Final = len('"arguments"')
_TEXT: Final = re.compile(r'(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*+')
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)
_ESCAPES: Final = '"\\/bfnrtu'
_LONGEST_ESCAPE: Final = len("\\u0000")
_HALF_PAIR: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_UNSHOWABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def showable(text: str) -> str:
    """Return `text` without control characters and halves of characters, which no database keeps."""
    return _UNSHOWABLE.sub("", text)


class Saying:
    """Takes the output piece by piece and passes on to `on_text` what is certainly words.

    A piece is looked at together with what those before left open, and with no more of an output that may be long.
    """

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._read: Callable[[str], str] = self._read_first
        self._open: list[str] = []
        self._idle: re.Pattern[str] | None = None
        self._spaces: list[str] = []
        self._sent = 0
        self._step = 0
        self._pieces: list[str] = []
        self._said: list[str] = []

    @property
    def output(self) -> str:
        """Everything so far."""
        return "".join(self._pieces)

    @property
    def said(self) -> str:
        """What it says in JSON, also when that breaks off."""
        return "".join(self._said)

    def feed(self, piece: str) -> None:
        """Take the next piece of the output."""
        piece = showable(piece)
        self._pieces.append(piece)
        self._open.append(piece)
        if self._idle is None or not self._idle.fullmatch(piece):
            self._idle = None
            self._open = [self._read("".join(self._open))]

    def finish(self, words: str) -> None:
        """Pass on what is left of `words`: they are an answer."""
        words = words.strip()
        if len(words) > self._sent:
            self._on_text(words[self._sent :])
            self._sent = len(words)

    def _read_first(self, text: str) -> str:
        """Find out which it is. Like the others that read: return what is still open."""
        begun = text.lstrip()
        if not begun:
            return ""
        self._read = self._read_head if begun[0] in "{[" else self._read_words
        return self._read(begun)

    def _read_words(self, text: str) -> str:
        sign = _MAYBE_CALL.search(text)
        words = text[: sign.start() if sign else len(text)].rstrip()
        self._tell(words)
        left = text[len(words) :]
        if sign and sign["call"]:
            self._read = _read_nothing
        elif left[-1:].isspace():
            self._idle = _SPACES
        elif sign and sign["fence"]:
            self._idle = _FENCED
        return left

    def _read_head(self, text: str) -> str:
        at = 0
        while found := _HEAD[self._step].match(text, at):
            at, self._step = found.end(), self._step + 1
            if self._step == len(_HEAD):
                self._read = self._read_text
                return self._read_text(text[at:])
        left = text[at:].lstrip()
        if len(left) >= _LONGEST_SIGN:
            self._read = _read_nothing
        return left

    def _read_text(self, text: str) -> str:
        found = _TEXT.match(text)
        end = found.end() if found else 0
        whole = _HALF_PAIR.sub("", text[:end])
        said = showable(json.loads(f'"{_ESCAPE.sub(_known, whole)}"', strict=False))
        self._said.append(said)
        self._tell(said)
        if text[end : end + 1] == '"' or len(text) - end >= _LONGEST_ESCAPE:
            self._read = _read_nothing
        return text[len(whole) :]

    def _tell(self, text: str) -> None:
        """Pass on `text`. White space at its end waits: it is part of the answer only if something follows."""
        words = text.rstrip()
        if not words:
            self._spaces.append(text)
            return
        told = "".join([*self._spaces, words])
        told = told if self._sent else told.lstrip()
        self._spaces = [text[len(words) :]]
        self._on_text(told)
        self._sent += len(told)


def _read_nothing(_: str) -> str:
    return ""


def _known(escape: re.Match[str]) -> str:
    """Return an escape that JSON knows; of any other the backslash stands for itself."""
    return escape.group() if escape.group()[1] in _ESCAPES else f"\\{escape.group()}"

"""What a conversation tells of the values that a call may have."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from jindou.models.gateway.copying import asked_in, said_in, spelled
from jindou.models.gateway.stems import bare, is_latin, words_of

__all__ = ["Told", "numbers_of"]

_DIGITS: Final = re.compile(r"(?<!\d)\d{1,9}(?!\d)")
_SPELLED: Final = re.compile(r"[〇零一二三四五六七八九十]{1,9}(?=\s*[年月日号])")
_YEARS: Final = range(1900, 2101)
_INSTRUCTING: Final = frozenset({"system", "developer"})
_FEW_WORDS: Final = 5
_SHORT: Final = 60
_SPOKEN: Final = re.compile(r"[^\W\u4e00-\u9fff][^\s\u4e00-\u9fff]*|[\u4e00-\u9fff]{1,2}")
"""A word as it is spoken; a Chinese one mostly has two signs."""

_NO: Final = re.compile(
    r"\b(?:no|nah|nope|not|nothing|none|never|neither|don.?t|cancel|stop|skip|rather|instead|without|but)\b"
    r"|不(?!错)|别|算了|没必要|取消|换",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W_]+")


def numbers_of(text: str) -> set[int]:
    """Return the numbers of `text`, each part of a date and of a fraction by itself; also of a date in Chinese words.

    What has more digits than any number that is meant as one is left out.
    """
    written = {int(digits) for digits in _DIGITS.findall(text)}
    return written | {spelled(signs) for signs in _SPELLED.findall(text)}


class Told:
    """The messages of a conversation, looked at for what is asked of them and no sooner: they may be long."""

    def __init__(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self._messages = messages

    @cached_property
    def said(self) -> str:
        """What people and tools said."""
        return said_in(self._messages)

    @cached_property
    def words(self) -> set[str]:
        """The stems of their words, and of an offer that was accepted."""
        return words_of(self.said) | self.asked

    @cached_property
    def source(self) -> str:
        """The letters and digits of all that."""
        return bare(f"{self.said}\n{self._offered}")

    @cached_property
    def is_latin(self) -> bool:
        """Whether most letters of what people said are Latin ones, whatever a tool answers in."""
        return is_latin(asked_in(self._messages))

    @cached_property
    def asked(self) -> set[str]:
        """The stems of the words of people, and of an offer that was accepted: only they say what they want."""
        return words_of(f"{asked_in(self._messages)}\n{self._offered}")

    @cached_property
    def instructed(self) -> set[str]:
        """The stems of the words of instructions: whoever wrote them may say what is wanted, too."""
        return words_of(self._instructions)

    def demands(self, value: str) -> bool:
        """Say whether instructions have all of `value`, word by word: in a long text some of it stands anywhere."""
        stems = words_of(value)
        return (bool(stems) and stems <= self.instructed) or set(_WORD.findall(value.casefold())) <= self._written

    @cached_property
    def _written(self) -> set[str]:
        return set(_WORD.findall(self._instructions.casefold()))

    @cached_property
    def _instructions(self) -> str:
        return "\n".join(str(m.get("content") or "") for m in self._messages if m.get("role") in _INSTRUCTING)

    @cached_property
    def _offered(self) -> str:
        """What the assistant said last before a person who did no more than agree to it."""
        talk = [message for message in self._messages if message.get("role") in {"user", "assistant"}]
        while talk and talk[-1].get("role") != "user":
            talk.pop()
        if len(talk) < 2 or talk[-2].get("role") != "assistant":  # noqa: PLR2004 - an offer, and an answer to it
            return ""
        offer, answer = (str(message.get("content") or "") for message in talk[-2:])
        is_short = len(answer) <= _SHORT and len(_SPOKEN.findall(answer)) <= _FEW_WORDS
        return offer if is_short and not _NO.search(answer) else ""

    @cached_property
    def numbers(self) -> set[int]:
        """The numbers in all of it: what today is may be told by whoever wrote the instructions."""
        return numbers_of("\n".join(str(message.get("content") or "") for message in self._messages))

    @cached_property
    def has_year(self) -> bool:
        """Whether a year is told: other dates may be reckoned from one of it."""
        return any(year in _YEARS for year in self.numbers)

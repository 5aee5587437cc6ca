"""What a conversation tells of the values that a call may have."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from jindou.models.gateway.copying import asked_in, said_in, spelled
from jindou.models.gateway.stems import bare, beginnings, is_latin, words_of

__all__ = ["Told", "numbers_of"]

_DIGITS: Final = re.compile(r"(?<!\d)\d{1,9}(?!\d)")
_SPELLED: Final = re.compile(r"[〇零一二三四五六七八九十]{1,9}(?=\s*[年月日号])")
_YEARS: Final = range(1900, 2101)


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
        """The stems of their words."""
        return words_of(self.said)

    @cached_property
    def source(self) -> str:
        """Its letters and digits."""
        return bare(self.said)

    @cached_property
    def is_latin(self) -> bool:
        """Whether most letters of what people said are Latin ones, whatever a tool answers in."""
        return is_latin(asked_in(self._messages))

    @cached_property
    def asked(self) -> set[str]:
        """The stems of the words of people: only they say what they want."""
        return words_of(asked_in(self._messages))

    @cached_property
    def beginnings(self) -> set[str]:
        """How those words begin: what is wanted begins alike, if it was asked for in another form, or mistyped."""
        return beginnings(self.asked)

    @cached_property
    def numbers(self) -> set[int]:
        """The numbers in all of it: what today is may be told by whoever wrote the instructions."""
        return numbers_of("\n".join(str(message.get("content") or "") for message in self._messages))

    @cached_property
    def has_year(self) -> bool:
        """Whether a year is told: other dates may be reckoned from one of it."""
        return any(year in _YEARS for year in self.numbers)

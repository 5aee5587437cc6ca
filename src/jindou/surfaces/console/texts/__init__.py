"""What the console says, in English and in Simplified Chinese."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

__all__ = ["LANGUAGES", "Language", "Texts", "texts_in"]

Language = Literal["en", "zh"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")

_LIVE = "live."


class Texts:
    """The texts of one language; call it with a key and the values that the text names in braces."""

    def __init__(self, language: Language, words: Mapping[str, str]) -> None:
        self.language: Language = language
        self._words = words

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `key`.

        Raises:
            KeyError: there is no such text; both languages have the same keys.
        """
        return self._words[key].format(**values)

    def count(self, key: str, n: int) -> str:
        """Return the text of ``key.one`` or of ``key.other``, with `n` in it."""
        return self(f"{key}.{'one' if n == 1 else 'other'}", n=f"{n:,}")

    def find(self, key: str, otherwise: str) -> str:
        """Return the text of `key`, or `otherwise` where there is none: for codes that come from outside."""
        return self._words.get(key, otherwise)

    def pick(self, localized: Mapping[str, str]) -> str:
        """Return the text of this language out of `localized`, else the English one, else whichever there is."""
        return localized.get(self.language) or localized.get("en") or next(iter(localized.values()), "")

    def live(self) -> dict[str, str]:
        """Return the texts that the islands need, without their prefix."""
        return {key.removeprefix(_LIVE): text for key, text in self._words.items() if key.startswith(_LIVE)}


@cache
def texts_in(language: Language) -> Texts:
    """Return the texts of `language`."""
    words: dict[str, str] = json.loads((Path(__file__).parent / f"{language}.json").read_text("utf-8"))
    return Texts(language, words)

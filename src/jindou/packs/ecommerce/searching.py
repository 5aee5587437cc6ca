"""Plain text matching for English and Chinese, forgiving in case, accents, width and plural."""

import re
import unicodedata

__all__ = ["plain", "score", "terms"]

_WORD = re.compile(r"[a-z0-9][a-z0-9.@+-]*|[\u3400-\u9fff]+")
_LONG_ENOUGH_FOR_A_PLURAL = 4


def plain(text: str) -> str:
    """Return `text` in lower case, without accents, in half width."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in spread if not unicodedata.combining(c)).replace("ł", "l")


def terms(query: str) -> list[str]:
    """Return what to look for: words, and each pair of neighbouring Chinese characters."""
    found: list[str] = []
    for word in _WORD.findall(plain(query)):
        if word[0].isascii():
            plural = word.endswith("s") and len(word) > _LONG_ENOUGH_FOR_A_PLURAL
            found.append(word[:-1] if plural else word.rstrip(".-"))
        else:
            found += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
    return found


def score(looked_for: list[str], text: str) -> float:
    """Return the share of the terms that `text` (already plain) has, from 0 to 1."""
    return sum(term in text for term in looked_for) / len(looked_for) if looked_for else 0.0

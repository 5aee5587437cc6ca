"""Passwords: hashed by argon2id, and only such as nobody guesses (NIST SP 800-63B-4, 3.1.1; OWASP password storage)."""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from jindou.identity.accounts.failures import PasswordWeak

__all__ = ["LEAST", "MOST", "Hasher", "accepted"]

LEAST: Final = 12
MOST: Final = 256
"""Characters of a password, after NFKC."""

_OWN: Final = 6
"""Letters and digits that a password has besides the words that everybody tries."""

_DIFFERENT: Final = 5
_RUN: Final = 4
_SHORTEST_WORD: Final = 3
_AT_ONCE: Final = 4
_WORDS: Final = tuple((Path(__file__).parent / "blocked.txt").read_text(encoding="utf-8").split())
_READ_AS = str.maketrans("013457@$!", "oieastasi")


class Hasher:
    """Hashes and verifies with argon2id: 19 MiB, two passes, one lane; four at once, for a flood to take no memory."""

    def __init__(self) -> None:
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turns = threading.Semaphore(_AT_ONCE)
        self._nobodys = ""

    def hash(self, password: SecretStr) -> str:
        """Return the hash of a password, with its salt and its parameters in it."""
        with self._turns:
            return self._argon2.hash(_plain(password))

    def matches(self, hashed: str, password: SecretStr) -> bool:
        """Say whether `hashed` is of this password; where there is none, take as long to say no."""
        if not self._nobodys:
            self._nobodys = self.hash(SecretStr("nobody's"))
        with self._turns:
            try:
                return self._argon2.verify(hashed or self._nobodys, _plain(password)) and bool(hashed)
            except (VerificationError, InvalidHashError):
                return False

    def is_old(self, hashed: str) -> bool:
        """Say whether it was hashed with other parameters than those of now."""
        return self._argon2.check_needs_rehash(hashed)


def accepted(password: SecretStr, own: Iterable[str]) -> SecretStr:
    """Return a new password as it is kept; `own` are names that its owner is known by.

    Raises:
        PasswordWeak: it is short, or made of words and rows of keys that everybody tries.
    """
    text = unicodedata.normalize("NFKC", password.get_secret_value())
    if not LEAST <= len(text) <= MOST:
        raise PasswordWeak(
            f"A password has {LEAST} characters at least and {MOST} at most.", field="new", rule="length"
        )
    if "\0" in text or any(unicodedata.category(letter) == "Cs" for letter in text):
        raise PasswordWeak("A password is text.", field="new", rule="text")
    folded = text.casefold()
    if len(set(folded)) < _DIFFERENT:
        raise PasswordWeak("This repeats the same few characters.", field="new", rule="variety")
    words = sorted({*_WORDS, *_parts(own)}, key=len, reverse=True)
    if min(_left(folded, words), _left(folded.translate(_READ_AS), words)) < _OWN:
        told = "This is made of words that everybody tries first; add some that have nothing to do with you."
        raise PasswordWeak(told, field="new", rule="uncommon")
    return SecretStr(text)


def _plain(password: SecretStr) -> bytes:
    text = unicodedata.normalize("NFKC", password.get_secret_value())
    return text.encode(errors="backslashreplace")


def _parts(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for part in (name.casefold(), *re.split(r"[\W_]+", name.casefold())):
            if len(part) >= _SHORTEST_WORD:
                yield part


def _left(text: str, words: Iterable[str]) -> int:
    """Return how many letters and digits are left without the words, years, and rows of letters or digits."""
    for word in words:
        text = text.replace(word, " ")
    text = re.sub(r"(?:19|20)\d\d", " ", text)
    return len({letter for letter in _without_rows(text) if letter.isalnum()})


def _without_rows(text: str) -> str:
    """Return `text` without four and more letters that follow each other: abcd, 4321, aaaa."""
    kept, row = "", text[:1]
    for before, letter in pairwise(text):
        step = ord(letter) - ord(before)
        goes_on = step in {-1, 0, 1} and (len(row) == 1 or step == ord(row[1]) - ord(row[0]))
        if goes_on:
            row += letter
        else:
            kept += "" if len(row) >= _RUN else row
            row = letter
    return kept + ("" if len(row) >= _RUN else row)

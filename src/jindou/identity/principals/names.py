"""Names that look like what they are: normalised, visible, one script in a word, and nobody's look-alike.

A small part of Unicode's security mechanisms (UTS #39): a skeleton is what two names share that the eye takes for one.
"""

import re
import unicodedata

from jindou.errors import Invalid

__all__ = ["clean_handle", "clean_name", "skeleton"]

_HANDLE = re.compile(r"[^\W_][\w.@+-]*")
_MOST_HANDLE = 80
_MOST_NAME = 200

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks that nobody sees, though their categories do not say so."""

_EASTERN = frozenset({"BOPOMOFO", "CJK", "HANGUL", "HIRAGANA", "KATAKANA", "LATIN"})
"""Scripts that names of East Asia mix in one word (UTS #39, "highly restrictive")."""

_CAPITALS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "АВЕЅІЈКМНОРСТУХ", "ABEZHIKMNOPTYX" + "ABESIJKMHOPCTYX")
_SMALL = str.maketrans(
    "αβγεηικνορτυχω" + "авгеһкмнорстухѕіјԁԛԝӏьз" + "օոսհցզլ" + "ɑɡıɩ|1i0",
    "abyenlkvoptuxw" + "abrehkmhopctyxsljdqwlb3" + "onuhgql" + "aglllllo",
)
_PAIRS = (("rn", "m"), ("vv", "w"))


def clean_handle(text: str, field: str = "handle") -> str:
    """Return a handle as it is kept: NFKC, of letters, digits and ``. _ - @ +``, at most 80 characters.

    Raises:
        Invalid: it has others, some that nobody sees, or several scripts in one word.
    """
    handle = _clean(text, field)
    if not _HANDLE.fullmatch(handle) or len(handle) > _MOST_HANDLE:
        told = "A handle begins with a letter or a digit and has letters, digits and . _ - @ + alone, at most 80."
        raise Invalid(told, field=field, rule="letters, digits and . _ - @ +")
    return handle


def clean_name(text: str, field: str = "name") -> str:
    """Return a name as it is kept: NFKC, without blanks around it, at most 200 characters.

    Raises:
        Invalid: it is empty or too long, has characters that nobody sees, or several scripts in one word.
    """
    name = " ".join(_clean(text, field).split())
    if not 1 <= len(name) <= _MOST_NAME:
        raise Invalid("A name has 1 to 200 characters.", field=field, rule="1 to 200 characters")
    return name


def skeleton(name: str) -> str:
    """Return what all names share that look like `name`; it is for comparing, not for showing."""
    digits = "".join(str(unicodedata.digit(letter, letter)) for letter in unicodedata.normalize("NFKC", name))
    shape = digits.translate(_CAPITALS).casefold().translate(_SMALL)
    for pair, letter in _PAIRS:
        shape = shape.replace(pair, letter)
    return shape


def _clean(text: str, field: str) -> str:
    name = unicodedata.normalize("NFKC", text).strip()
    if any(_is_unseen(letter) for letter in name):
        raise Invalid("It has a character that nobody sees.", field=field, rule="visible characters")
    for word in re.findall(r"[^\W\d_]+", name):
        scripts = {_script(letter) for letter in word}
        if len(scripts) > 1 and not scripts <= _EASTERN:
            told = f"{word!r} mixes {' and '.join(sorted(script.title() for script in scripts))} letters."
            raise Invalid(told, field=field, rule="one script in a word")
    return name


def _is_unseen(letter: str) -> bool:
    is_selector = "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
    return letter in _BLANK or is_selector or unicodedata.category(letter) in _UNSEEN


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").partition(" ")[0]

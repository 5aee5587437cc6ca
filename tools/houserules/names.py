"""Names: a path says what is in it. These words say nothing."""

import re
from collections.abc import Iterator

from houserules.tree import VENDORED, Exceptions, Finding, Tree

__all__ = ["check"]

EMPTY_WORDS = frozenset(
    "util utils common core helper helpers manager managers handler handlers base misc impl".split()  # noqa: SIM905
)


def check(tree: Tree, exceptions: Exceptions) -> Iterator[Finding]:
    """Yield the paths with a word that says nothing."""
    for path in tree.paths:
        words = EMPTY_WORDS.intersection(re.split(r"[/._-]", path.lower()))
        if words and VENDORED not in path and not exceptions.allow("name", path):
            yield Finding(path, 1, "name", f"`{min(words)}` in a path says nothing; name what the file is about.")

"""A small tree in which a rule can be broken."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from houserules.tree import STATIC, Exceptions, Finding, Tree

__all__ = ["SmallTree"]

Rule = Callable[[Tree, Exceptions], Iterator[Finding]]


class SmallTree:
    """Writes files, and says what a rule finds among them."""

    def __init__(self, root: Path) -> None:
        subprocess.run(["git", "init", "--quiet", str(root)], check=True)
        self.root = root

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for path, content in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(content.encode() if isinstance(content, str) else content)

    def found(self, rule: Rule) -> list[str]:
        tree = Tree(self.root)
        exceptions = tree.exceptions()
        return [str(finding) for finding in sorted([*rule(tree, exceptions), *exceptions.findings(*STATIC)])]

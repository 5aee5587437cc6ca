"""Check the rules of the house that no linter knows: `python tools/house.py`, with nothing installed.

Prints one line a finding, and exits with 1 if there is any.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from houserules import doors, faces, imports, names, pages, places, sizes
from houserules.tree import STATIC, Finding, Tree

__all__ = ["findings"]

RULES = (sizes, names, faces, imports, places, pages, doors)


def findings(root: Path) -> Iterator[Finding]:
    """Yield every breach in the tree at `root`, last the exceptions that are not needed any more."""
    tree = Tree(root)
    exceptions = tree.exceptions()
    for rule in RULES:
        yield from rule.check(tree, exceptions)
    yield from exceptions.findings(*STATIC)


def main() -> int:
    """Print what breaks a rule in the project around this file, or in the folder given."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    found = sorted(findings(root))
    for finding in found:
        print(finding)
    print(f"{len(found)} breaches of the rules of the house." if found else "The house is in order.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

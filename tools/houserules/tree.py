"""The project as the rules see it: its files, their text and syntax, and the exceptions that were granted."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["AT_RUN_TIME", "EXCEPTIONS", "STATIC", "VENDORED", "Exceptions", "Finding", "Tree"]

EXCEPTIONS = "tools/exceptions.toml"
VENDORED = "/vendor/"
STATIC = ("door", "face", "import", "machine", "name", "size")
AT_RUN_TIME = ("tenancy",)
"""Rules that may have exceptions: those read from the files, and those that a test reads from the running code."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One breach of one rule, at one place."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


class Exceptions:
    """What is allowed to break a rule, by rule, each with its reason.

    Remembers what was asked for, so that an exception nobody needs any more is a finding itself.
    """

    def __init__(self, text: str) -> None:
        tables: dict[str, list[dict[str, str]]] = tomllib.loads(text)
        self._granted = {
            (rule, entry["what"]): entry.get("reason", "") for rule, list_ in tables.items() for entry in list_
        }
        self._used: set[tuple[str, str]] = set()

    def counts(self) -> dict[str, int]:
        """Return how many exceptions each rule has."""
        rules = [rule for rule, _ in self._granted]
        return {rule: rules.count(rule) for rule in sorted(set(rules))}

    def allow(self, rule: str, what: str) -> bool:
        """Return whether `what` may break `rule`. Ask only when it does."""
        if (rule, what) not in self._granted:
            return False
        self._used.add((rule, what))
        return True

    def findings(self, *rules: str) -> Iterator[Finding]:
        """Yield the exceptions that have no reason, and of those from `rules` the ones that nothing asked for."""
        for (rule, what), reason in self._granted.items():
            if rule not in (*STATIC, *AT_RUN_TIME):
                yield Finding(EXCEPTIONS, 1, "exceptions", f"There is no exception from `{rule}`.")
            elif not reason.strip():
                yield Finding(EXCEPTIONS, 1, "exceptions", f"The exception of {what} from `{rule}` needs a reason.")
            elif rule in rules and (rule, what) not in self._used:
                yield Finding(EXCEPTIONS, 1, "exceptions", f"{what} keeps `{rule}` by now; delete its exception.")


class Tree:
    """The files that belong to the project: those that git knows or would take."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, ast.Module] = {}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every file, as a path with slashes from the root, sorted."""
        command = ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        return tuple(sorted(path for path in set(listed) if path and (self.root / path).is_file()))

    def under(self, *folders: str, suffix: str | tuple[str, ...] = ".py") -> Iterator[str]:
        """Yield the hand-written files with `suffix` in any of `folders`."""
        prefixes = tuple(f"{folder}/" for folder in folders)
        for path in self.paths:
            if path.startswith(prefixes) and path.endswith(suffix) and VENDORED not in path:
                yield path

    def has(self, path: str) -> bool:
        """Return whether the file is there, or anything in the folder."""
        return path in self._places

    @cached_property
    def _places(self) -> frozenset[str]:
        """Every file, and every folder that a file is in."""
        parts = (path.split("/") for path in self.paths)
        return frozenset("/".join(part[:n]) for part in parts for n in range(1, len(part) + 1))

    def text(self, path: str) -> str:
        """Return the text of a file; bytes that are no UTF-8 are replaced."""
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def module(self, path: str) -> ast.Module:
        """Return the syntax of a Python file."""
        if path not in self._modules:
            self._modules[path] = ast.parse(self.text(path), filename=path)
        return self._modules[path]

    def exceptions(self) -> Exceptions:
        """Return the exceptions granted in this tree."""
        return Exceptions(self.text(EXCEPTIONS) if self.has(EXCEPTIONS) else "")

"""Places: no file says where packages come from or on which machine it was written, and every package is pinned."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from houserules.tree import VENDORED, Exceptions, Finding, Tree

__all__ = ["check"]

INDEX = re.compile(
    r"pypi\.(org|python)|pythonhosted\.org|npmjs\.(org|com)|npmmirror\.|https?://\S*/simple\b|\btool\.uv\.index\b",
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w.:/~$})-])/(work|tmp|root|home|Users)/(?!\.search\b)[\w.]")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(\[[^\]]*\])?==([^;\s*]+)(\s*;.*)?$")
BINARY = (".png", ".jpg", ".ico", ".gz", ".woff2", ".svg")


def check(tree: Tree, exceptions: Exceptions) -> Iterator[Finding]:
    """Yield addresses of package indexes, paths of a machine, and packages without an exact version."""
    for path in tree.paths:
        if not path.endswith(BINARY) and VENDORED not in path:
            yield from _places(tree, path, exceptions)
    if tree.has("pyproject.toml"):
        yield from _pins(tree)


def _places(tree: Tree, path: str, exceptions: Exceptions) -> Iterator[Finding]:
    for number, line in enumerate(tree.text(path).splitlines(), start=1):
        if INDEX.search(line):
            yield Finding(path, number, "index", "Where packages come from is the user's choice: name no index.")
        if MACHINE.search(line) and not exceptions.allow("machine", path):
            yield Finding(path, number, "machine", "This path exists on one machine only.")


def _pins(tree: Tree) -> Iterator[Finding]:
    project = tomllib.loads(tree.text("pyproject.toml"))
    pins: dict[str, str] = {}
    for requirement in _requirements(project):
        match = PINNED.match(requirement)
        if match is None:
            yield Finding("pyproject.toml", 1, "pin", f"`{requirement}` needs an exact version (`==`).")
        else:
            pins[_normal(match[1])] = match[3]
    for name, version in _locked(tree).items():
        if pins.get(name) != version:
            message = f"`{name}` comes in at {version}; add `{name}=={version}` to `constraint-dependencies`."
            yield Finding("pyproject.toml", 1, "pin", message)


def _requirements(project: dict[str, Any]) -> Iterator[str]:
    main = project.get("project", {})
    yield from main.get("dependencies", [])
    for group in main.get("optional-dependencies", {}).values():
        yield from group
    for group in project.get("dependency-groups", {}).values():
        yield from (entry for entry in group if isinstance(entry, str))
    yield from project.get("build-system", {}).get("requires", [])
    uv = project.get("tool", {}).get("uv", {})
    yield from uv.get("constraint-dependencies", [])
    yield from uv.get("build-constraint-dependencies", [])


def _locked(tree: Tree) -> dict[str, str]:
    """Return what the resolver chose on this machine; nothing before the first `uv sync`."""
    lock = tree.root / "uv.lock"
    if not lock.is_file():
        return {}
    packages = tomllib.loads(lock.read_text(encoding="utf-8")).get("package", [])
    return {_normal(package["name"]): package["version"] for package in packages if "registry" in package["source"]}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

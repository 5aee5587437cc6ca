"""Doors: one slug everywhere, and every kind of error in the one table of the doors."""

import ast
from collections.abc import Callable, Iterator

from houserules.tree import Exceptions, Finding, Tree

__all__ = ["DOORS", "check"]

ROOMS = ("agents", "billing", "cloud", "identity", "models")
SURFACES = "src/jindou/surfaces"
CLIENT = "clients/python/src/jindou_client"
ERRORS = "src/jindou/errors.py"
PROBLEMS = f"{SURFACES}/problems.py"

DOORS: dict[str, str] = {
    "http": f"{SURFACES}/http/{{slug}}.py",
    "console": f"{SURFACES}/console/{{slug}}.py",
    "cli": f"{SURFACES}/cli/{{slug}}.py",
    "tests": "tests/{room}/{slug}",
    "docs": "docs/{slug}.md",
}
"""The paths that a slice with a service must have. The client has a sixth door: `Client.<slug>`."""


def check(tree: Tree, exceptions: Exceptions) -> Iterator[Finding]:
    """Yield the slices that lack a door, and the kinds of error that no door can tell."""
    client = _client_attributes(tree)
    for room, slug in _slices(tree):
        for door, reach in _missing(tree, room, slug, client):
            slice_ = f"{room}/{slug}"
            if not exceptions.allow("door", slice_) and not exceptions.allow("door", f"{slice_}::{door}"):
                yield Finding(
                    f"src/jindou/{slice_}/service.py", 1, "door", f"It has a service, but no {door}: {reach}."
                )
    if tree.has(PROBLEMS):
        yield from _problems(tree)


def _slices(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in tree.under(*(f"src/jindou/{room}" for room in ROOMS)):
        parts = path.split("/")
        if parts[4:] in (["service.py"], ["service", "__init__.py"]):
            yield parts[2], parts[3]


def _missing(tree: Tree, room: str, slug: str, client: set[str] | None) -> Iterator[tuple[str, str]]:
    for door, pattern in DOORS.items():
        path = pattern.format(room=room, slug=slug)
        built = tree.has(pattern.partition("/{")[0])
        if built and not tree.has(path):
            yield door, path
    if client is not None and slug not in client:
        yield "client", f"Client.{slug}"


def _client_attributes(tree: Tree) -> set[str] | None:
    """Return what a `Client` of the SDK has, or None while there is no SDK."""
    classes = [
        node
        for path in tree.under(CLIENT)
        for node in ast.walk(tree.module(path))
        if isinstance(node, ast.ClassDef) and node.name == "Client"
    ]
    if not classes:
        return None
    nodes = [node for class_ in classes for node in ast.walk(class_)]
    assigned = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    return assigned | {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def _problems(tree: Tree) -> Iterator[Finding]:
    kinds = {
        node.name: [ast.unparse(parent) for parent in node.bases]
        for node in tree.module(ERRORS).body
        if isinstance(node, ast.ClassDef)
    }
    table = _table(tree.module(PROBLEMS))
    if table is None:
        yield Finding(PROBLEMS, 1, "errors", "`PROBLEMS` must be a table written out here: kind, and how it is told.")
        return
    told = {ast.unparse(key).rpartition(".")[2] for key in table.keys if key is not None}
    for kind in sorted(kinds.keys() - told - {"JindouError"}):
        yield Finding(
            PROBLEMS, table.lineno, "errors", f"`{kind}` is a kind of error; say in `PROBLEMS` how it is told."
        )


def _table(module: ast.Module) -> ast.Dict | None:
    is_table: Callable[[ast.expr], bool] = lambda target: isinstance(target, ast.Name) and target.id == "PROBLEMS"  # noqa: E731
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(map(is_table, targets)):
            values = [inner for inner in ast.walk(node) if isinstance(inner, ast.Dict)]
            return values[0] if values else None
    return None

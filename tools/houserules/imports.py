"""Imports that the layers do not show: none inside a function, and none of the platform in its client."""

import ast
from collections.abc import Iterator

from houserules.faces import imported
from houserules.tree import Exceptions, Finding, Tree

__all__ = ["check"]


def check(tree: Tree, exceptions: Exceptions) -> Iterator[Finding]:
    """Yield the imports inside functions, and those by which the client would need the platform."""
    for path in tree.under("src", "clients"):
        for line in sorted(_inside_functions(tree.module(path))):
            if not exceptions.allow("import", path):
                yield Finding(path, line, "import", "An import stands at the top of its file, never in a function.")
    for path in tree.under("clients"):
        for line, name in imported(tree, path):
            if name.split(".")[0] == "jindou":
                yield Finding(path, line, "import", "The client works without the platform: import nothing of it.")


def _inside_functions(module: ast.Module) -> set[int]:
    at_the_top = {id(node) for node in _outside_functions(module)}
    imports = (node for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom))
    return {node.lineno for node in imports if id(node) not in at_the_top}


def _outside_functions(parent: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(parent):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            yield from _outside_functions(node)

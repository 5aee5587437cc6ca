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
    return {
        inner.lineno
        for outer in ast.walk(module)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }

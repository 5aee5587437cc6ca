"""Sizes: the tail is what separates loved code from unloved, so it is cut."""

import ast
from collections.abc import Iterator

from houserules.tree import Exceptions, Finding, Tree

__all__ = ["check"]

FILE_LINES = 400
FUNCTION_LINES = 50
CLASS_LINES = 300
SCRIPT_LINES = 300
SCRIPTS_LINES = 3000

CODE = ("src", "clients", "tests", "tools", "benchmarks")
WRITTEN_BY_HAND = (".py", ".html", ".css", ".cedar")
SCRIPTS = (".js", ".mjs")


def check(tree: Tree, exceptions: Exceptions) -> Iterator[Finding]:
    """Yield the files, functions, classes and scripts that are too long."""
    for finding, what in _breaches(tree):
        if not exceptions.allow("size", what):
            yield finding


def _breaches(tree: Tree) -> Iterator[tuple[Finding, str]]:
    for path in tree.under(*CODE, suffix=WRITTEN_BY_HAND):
        yield from _file(path, _lines(tree, path), FILE_LINES)
        if path.endswith(".py"):
            yield from _definitions(path, tree.module(path), "")
    scripts = {path: _lines(tree, path) for path in tree.under(*CODE, suffix=SCRIPTS)}
    for path, lines in scripts.items():
        yield from _file(path, lines, SCRIPT_LINES)
    if sum(scripts.values()) > SCRIPTS_LINES:
        message = f"All hand-written scripts together have {sum(scripts.values())} lines, more than {SCRIPTS_LINES}."
        yield Finding(next(iter(scripts)), 1, "size", message), "scripts"


def _lines(tree: Tree, path: str) -> int:
    return len(tree.text(path).splitlines())


def _file(path: str, lines: int, limit: int) -> Iterator[tuple[Finding, str]]:
    if lines > limit:
        yield Finding(path, 1, "size", f"The file has {lines} lines, more than {limit}."), path


def _definitions(path: str, parent: ast.AST, outer: str) -> Iterator[tuple[Finding, str]]:
    for node in ast.iter_child_nodes(parent):
        name = outer
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{outer}.{node.name}" if outer else node.name
            limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > limit:
                message = f"`{name}` has {lines} lines, more than {limit}."
                yield Finding(path, node.lineno, "size", message), f"{path}::{name}"
        if not isinstance(node, ast.expr):
            yield from _definitions(path, node, name)

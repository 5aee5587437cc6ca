"""Qwen Code, the coding assistant of the Qwen family, as its users install it from npm, asked without its screen."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.node import find_node, install_locked

__all__ = ["QwenCode", "install"]

_PACKAGE = "@qwen-code/qwen-code"
_VERSION = "0.24.4"
_INTEGRITY = "sha512-pmexy/Nj+BKd3Un1ogqGQE8V4GJn5B6N9PQOrU1GH+lMR29kn6Bgf6YdbZa8hNIoTmAKT1LTPK+P8TibZRPPVg=="
_PLAIN_SETTINGS = {
    "general": {"disableAutoUpdate": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


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
    node, _ = find_node()
    home = cache / f"qwen-code-{_VERSION}"
    program = home / "node_modules" / _PACKAGE / "cli.js"
    wanted = {"dependencies": {_PACKAGE: _VERSION}}
    locked = {"version": _VERSION, "integrity": _INTEGRITY}
    packages: dict[str, Any] = {"": wanted, f"node_modules/{_PACKAGE}": locked}
    lock = {"lockfileVersion": 3, "requires": True, "packages": packages}
    install_locked(home, json.dumps(wanted), json.dumps(lock), program)
    return QwenCode(node, program)

import subprocess
import sys

import pytest
import typer

from jindou.surfaces.cli import COMMANDS, load

HEAVY = ("pydantic", "httpx", "sqlalchemy", "fastapi", "rich", "uvicorn", "jindou_client", "jindou.settings")


def loaded_by(code: str) -> set[str]:
    shown = f"import sys\n{code}\nprint(*sorted(sys.modules), sep='\\n', file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    return set(ended.stderr.split())


def test_the_terminal_loads_nothing_heavy_before_a_command_is_asked_for() -> None:
    assert not loaded_by("import jindou.cli") & set(HEAVY)


def test_help_loads_nothing_heavy_and_names_every_command() -> None:
    code = "import jindou.cli\ntry: jindou.cli.main(['--help'])\nexcept SystemExit: pass"
    assert not loaded_by(code) & set(HEAVY)
    shown = subprocess.run([sys.executable, "-m", "jindou", "--help"], capture_output=True, text=True, check=True)
    for name, entry in COMMANDS.items():
        assert name in shown.stdout
        assert entry.help in shown.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_tells_the_help_that_the_command_tells(name: str) -> None:
    command = load(name)
    told = command.info.help if isinstance(command, typer.Typer) else (command.__doc__ or "").splitlines()[0]
    assert told == COMMANDS[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_a_home_and_speaks_json(name: str) -> None:
    command = load(name)
    registered = command.registered_commands if isinstance(command, typer.Typer) else []
    functions = [found.callback for found in registered] if isinstance(command, typer.Typer) else [command]
    for function in functions:
        assert function is not None
        assert {"home", "as_json"} <= set(function.__annotations__), function


def test_what_a_command_loads_is_not_walked_for_garbage() -> None:
    code = """
import gc
from jindou.surfaces.cli import load
walked = []
gc.callbacks.append(lambda phase, info: walked.append(phase))
load("gateway")
assert not walked
assert gc.isenabled()
assert gc.get_freeze_count() > len(gc.get_objects())
"""
    assert "jindou.surfaces.cli.gateway" in loaded_by(code)

import re
from pathlib import Path

import typer

from jindou.surfaces.cli import COMMANDS, load
from jindou.surfaces.cli.watching import EXIT_CODES
from jindou.surfaces.problems import PROBLEMS

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()


def test_the_page_names_every_command() -> None:
    table = next(part for part in PAGE.split("\n\n") if part.startswith("| command"))
    for name in COMMANDS:
        (row,) = [line for line in table.splitlines() if re.search(rf"`{name}[` ]", line)]
        command = load(name)
        for inner in command.registered_commands if isinstance(command, typer.Typer) else []:
            assert f"{inner.name}`" in row, (name, inner.name)


def test_no_help_of_a_command_is_cut_off_in_a_terminal_of_80_columns() -> None:
    for name in COMMANDS:
        command = load(name)
        inner = command.registered_commands if isinstance(command, typer.Typer) else []
        room = 72 - max((len(one.name or "") for one in inner), default=0)
        for one in inner:
            told = (getattr(one.callback, "__doc__", None) or "").partition("\n\n")[0]
            assert len(told) <= room, (name, one.name)


def test_the_page_tells_every_exit_code() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    used = {problem.exit_code for problem in PROBLEMS.values()} | set(EXIT_CODES.values()) | {130}
    assert told == used

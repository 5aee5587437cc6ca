"""An error as a person at a terminal reads it: one line, and an exit code."""

import traceback
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path

import typer

from jindou.errors import Forbidden, JindouError
from jindou.settings import load_settings, terminal_language
from jindou.surfaces.cli.complaints import KINDS, complaint
from jindou.surfaces.cli.misuse import misuse
from jindou.surfaces.problems import PROBLEMS, exit_code
from jindou_client import ClientError
from jindou_client import errors as client

__all__ = ["READS", "tell"]

READS: ContextVar[str] = ContextVar("reads")
"""The language of whoever signed in for the command."""

_MISUSED = 2
_EXIT_CODES = {kind.__name__: problem.exit_code for kind, problem in PROBLEMS.items()}


def tell(error: Exception, given: Sequence[str] = ()) -> int:
    """Write one line about `error` to stderr and return the exit code for it; `given` is the command."""
    language = _language(given)
    if isinstance(error, typer.Abort):
        typer.echo("已中止。" if language == "zh" else "Aborted.", err=True)
        return 1
    if isinstance(error, typer.TyperException) and hasattr(error, "format_message"):
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(str(error), err=True)
        else:
            typer.echo(misuse(error, language), err=True)
        return _MISUSED
    if isinstance(error, JindouError):
        rules = error.rules if isinstance(error, Forbidden) else ()
        said = _reason(language, error) or complaint(language, error.code, error.message, _kind(error), error.params)
        _write(language, said, rules)
        return exit_code(error)
    if isinstance(error, ClientError):
        rules = error.rules if isinstance(error, client.Forbidden) else ()
        said = _reason(language, error) or complaint(language, error.code, error.message, _kind(error))
        _write(language, said, rules)
        return _exit_code(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    _write(language, f"Unexpected {type(error).__name__}: {error} ({where.filename}:{where.lineno})", ())
    return 1


def _write(language: str, message: str, rules: tuple[str, ...]) -> None:
    unsaid = [rule for rule in rules if rule not in message]
    named = f" [{', '.join(unsaid)}]" if unsaid else ""
    begins = "错误：" if language == "zh" else "Error: "
    typer.echo(f"{begins}{' '.join(message.split())}{named}", err=True)


def _exit_code(error: ClientError) -> int:
    """The client's kinds bear the names of the platform's, so they end a command with the same code."""
    return next((_EXIT_CODES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _EXIT_CODES), 1)


def _reason(language: str, error: Exception) -> str:
    """Return what the rules say that refused, in the language that somebody reads; nothing where none did."""
    return error.reasons.get(language, "") if isinstance(error, Forbidden | client.Forbidden) else ""


def _kind(error: Exception) -> str:
    return next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in KINDS), "")


def _language(given: Sequence[str]) -> str:
    """Return the language that is asked for; else that of whoever signed in; else the settings', or the terminal's."""
    asked = _option(given, "--language") or READS.get("")
    if asked:
        return asked
    home = _option(given, "--home")
    try:
        configured = load_settings(home=Path(home) if home else None).language
    except JindouError:
        return "en"
    return terminal_language() if configured == "auto" else configured


def _option(given: Sequence[str], name: str) -> str:
    """Return what an option was given as, as ``--name value`` or ``--name=value``."""
    for at, word in enumerate(given):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word == name and at + 1 < len(given):
            return given[at + 1]
    return ""

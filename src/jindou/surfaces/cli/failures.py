"""An error as a person at a terminal reads it: one line, and an exit code."""

import traceback

import typer

from jindou.errors import Forbidden, JindouError
from jindou.surfaces.problems import PROBLEMS, exit_code
from jindou_client import ClientError
from jindou_client import errors as client

__all__ = ["tell"]

_EXIT_CODES = {kind.__name__: problem.exit_code for kind, problem in PROBLEMS.items()}


def tell(error: Exception) -> int:
    """Write one line about `error` to stderr and return the exit code for it."""
    if isinstance(error, JindouError):
        rules = error.rules if isinstance(error, Forbidden) else ()
        _write(error.message, rules)
        return exit_code(error)
    if isinstance(error, ClientError):
        _write(error.message, error.rules if isinstance(error, client.Forbidden) else ())
        return _exit_code(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    _write(f"Unexpected {type(error).__name__}: {error} ({where.filename}:{where.lineno})", ())
    return 1


def _write(message: str, rules: tuple[str, ...]) -> None:
    unsaid = [rule for rule in rules if rule not in message]
    named = f" [{', '.join(unsaid)}]" if unsaid else ""
    typer.echo(f"Error: {' '.join(message.split())}{named}", err=True)


def _exit_code(error: ClientError) -> int:
    """The client's kinds bear the names of the platform's, so they end a command with the same code."""
    return next((_EXIT_CODES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _EXIT_CODES), 1)

"""An error as a person at a terminal reads it: one line, and an exit code."""

import traceback

import typer

from jindou.errors import JindouError
from jindou.surfaces.problems import exit_code

__all__ = ["tell"]


def tell(error: Exception) -> int:
    """Write one line about `error` to stderr and return the exit code for it."""
    if isinstance(error, JindouError):
        typer.echo(f"Error: {error.message}", err=True)
        return exit_code(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    typer.echo(f"Unexpected {type(error).__name__}: {error} ({where.filename}:{where.lineno})", err=True)
    return 1

"""`jindou version`."""

import json
from importlib.metadata import version as installed

import typer

from jindou.surfaces.cli.options import AsJson, Home

__all__ = ["version"]


def version(*, home: Home = None, as_json: AsJson = False) -> None:  # noqa: ARG001 - every command takes a home
    """Print the version."""
    number = installed("jindou")
    typer.echo(json.dumps({"version": number}) if as_json else f"jindou {number}")

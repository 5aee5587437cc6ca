"""Homes that are ready at once: made one time, and copied for each test."""

import shutil
from pathlib import Path

from support.platform import open_platform
from support.scripted import refund_script

__all__ = ["copy_home", "make_home"]


def make_home(folder: Path) -> Path:
    """Make a home with a demo company in it, and close it."""
    with open_platform(folder, refund_script("SO-10007", 120.0)):
        return folder


def copy_home(made: Path, folder: Path) -> Path:
    """Copy a home that is closed."""
    shutil.copytree(made, folder)
    return folder

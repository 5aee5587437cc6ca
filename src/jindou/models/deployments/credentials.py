"""Keys of other people's servers: in files of the home folder or in the settings, and in no row, log or message."""

import stat
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from jindou.models.upstreams import EngineUnavailable

__all__ = ["Credentials"]

_FRESH_SECONDS: Final = 0.5
"""How long a key is taken for true: to look at its file costs a request more than all else that it does here."""


class Credentials:
    """One key for each engine's name: the file ``<name>.key`` of `folder`, else what the settings give.

    A file may go on, after the key, with the base URL that it is for; then it is sent nowhere else. A change of it is
    seen within half a second.
    """

    def __init__(self, folder: Path, given: Mapping[str, str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._given = dict(given)
        self._monotonic = monotonic
        self._known: dict[tuple[str, str], tuple[float, tuple[str, str]]] = {}
        self._lock = threading.Lock()
        self._paths: dict[str, Path] = {}
        self._read: dict[str, tuple[int, str]] = {}

    def get(self, name: str, url: str) -> tuple[str, str]:
        """Return the key for the engine `name`, empty if it has none, and what a person would call it.

        Raises:
            EngineUnavailable: others may read the file, or the key is for another URL.
        """
        known = self._known.get((name, url))
        if known is None or self._monotonic() - known[0] >= _FRESH_SECONDS:
            known = self._known[name, url] = self._monotonic(), self._look(name, url)
        return known[1]

    def _look(self, name: str, url: str) -> tuple[str, str]:
        path = self._paths.get(name)
        if path is None:
            path = self._paths[name] = self._folder / f"{name}.key"
        text = self._from_file(path)
        told = f"the key in {path}" if text else f"the key `{name}` of the setting `engine_keys`"
        key, _, bound = (text or self._given.get(name, "")).strip().partition(" ")
        bound = bound.strip()
        if bound and url.rstrip("/") != bound.rstrip("/") and not url.startswith(f"{bound.rstrip('/')}/"):
            raise EngineUnavailable(f"{told[0].upper()}{told[1:]} is for {bound}, not for {url}.")
        return key, told if key else f"a request without a key ({path} is where it would be)"

    def _from_file(self, path: Path) -> str:
        """Return a file's text; it is read again only when it has changed."""
        try:
            found = path.stat()
        except OSError:
            return ""
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise EngineUnavailable(f"Others may read {path}: chmod 600 it.")
        with self._lock:
            known = self._read.get(path.name)
            if known is None or known[0] != found.st_mtime_ns:
                known = self._read[path.name] = found.st_mtime_ns, " ".join(path.read_text(encoding="utf-8").split())
        return known[1]

"""The engine that `jindou up` takes: what the settings say, else what was measured to be the fastest, else ours."""

import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

__all__ = ["AUTO", "EngineChoice", "choose_engine", "remember", "version_of"]

AUTO: Final = "auto"
_OURS: Final = "llamacpp"
_NO_TOOLS: Final = frozenset({"ik"})
"""Engines that parse no tool calls: models that call tools by themselves are not for them."""
_PACKAGES: Final = {"llamacpp": "xllamacpp", "ik": "ik-llama-cpp-python"}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine by its entry point; threads of 0 are every core, and a batch of 0 is the engine's own."""

    engine: str
    threads: int = 0
    batch: int = 0

    @property
    def finds_calls(self) -> bool:
        """Whether the engine finds the tool calls in what a model writes."""
        return self.engine not in _NO_TOOLS


def choose_engine(engine: str, threads: int, place: Path, *, native_tools: bool) -> EngineChoice:
    """Return what to start: `engine` and `threads` of the settings, where they say it, else what `place` remembers.

    What was measured with another version of the build, or of one that is gone, counts no more.
    """
    tuned = _read(place)
    if engine not in {AUTO, tuned.engine if tuned else ""}:
        return EngineChoice(engine, threads)
    if tuned is None or (native_tools and not tuned.finds_calls):
        return EngineChoice(_OURS if engine == AUTO else engine, threads)
    return EngineChoice(tuned.engine, threads or tuned.threads, tuned.batch)


def remember(place: Path, choice: EngineChoice, *, day: str, told: str) -> None:
    """Write a choice to the file `place`, with what it rests on."""
    build = _PACKAGES.get(choice.engine, "")
    lines = [
        f"# Measured by `jindou models tune` on {day}: {' '.join(told.split())}",
        "# Remove this file to go back to the engine that comes with Jindou.",
        f'engine = "{choice.engine}"',
        f"threads = {choice.threads}",
        f"batch = {choice.batch}",
        f'build = "{build} {version_of(build)}"',
    ]
    fresh = place.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(place)


def version_of(package: str) -> str:
    """Return the version of an installed package, or an empty text."""
    try:
        return version(package) if package else ""
    except PackageNotFoundError:
        return ""


def _read(place: Path) -> EngineChoice | None:
    try:
        content: dict[str, Any] = tomllib.loads(place.read_text(encoding="utf-8"))
        choice = EngineChoice(str(content["engine"]), int(content["threads"]), int(content["batch"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    package = _PACKAGES.get(choice.engine, "")
    known = version_of(package)
    return choice if known and content.get("build") == f"{package} {known}" else None

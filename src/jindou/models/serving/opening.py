"""Engines by name: ours and other people's come in by the entry point group ``jindou.engines``."""

from importlib.metadata import entry_points

from jindou.errors import Invalid
from jindou.models.engines import Engine, EngineConfig

__all__ = ["open_engine"]


def open_engine(name: str, config: EngineConfig) -> Engine:
    """Return the engine that is installed as `name`, not yet started.

    Raises:
        Invalid: there is none.
    """
    found = {point.name: point for point in entry_points(group="jindou.engines")}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise Invalid(f"No engine `{name}` is installed (installed: {known}).", field="engine", rule="installed")
    engine: Engine = found[name].load()(config)
    return engine

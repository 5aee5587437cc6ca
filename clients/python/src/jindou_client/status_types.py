"""How a server is, as it tells."""

from pydantic import BaseModel

__all__ = ["DemoReset", "EngineStatus", "ServerStatus"]


class EngineStatus(BaseModel):
    """The model and the process that runs it."""

    state: str
    model: str
    pid: int | None
    rss_bytes: int | None
    restarts: int


class ServerStatus(BaseModel):
    """A running server."""

    version: str
    url: str
    engine: EngineStatus
    runs_waiting: int
    packs: dict[str, str]


class DemoReset(BaseModel):
    """What was made anew: one line for each pack."""

    packs: dict[str, str]

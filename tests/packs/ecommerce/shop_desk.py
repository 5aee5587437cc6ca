"""A desk in the shop: calls the tools as the doorway does, but past the rules."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

from pydantic import BaseModel

from jindou.agents.tools import Call, Change, Facts, Tool
from jindou.packs.contract import OpenPack

__all__ = ["TODAY", "Desk"]

TODAY = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)


class Desk:
    """Asks the tools of an open pack; every call has a key of its own unless one is given."""

    def __init__(self, opened: OpenPack) -> None:
        self.tools: Mapping[str, Tool] = {tool.name: tool for tool in opened.tools}
        self.sees_customers = True
        self._numbers = count(1)

    def ask(self, name: str, /, key: str = "", **arguments: object) -> BaseModel:
        tool = self.tools[name]
        return tool.run(self.call(key), **dict(tool.parse(arguments)))

    def facts(self, name: str, /, key: str = "", **arguments: object) -> Facts:
        tool = self.tools[name]
        assert tool.facts is not None
        return tool.facts(self.call(key), **dict(tool.parse(arguments)))

    def preview(self, name: str, /, **arguments: object) -> Sequence[Change]:
        tool = self.tools[name]
        assert tool.preview is not None
        return tool.preview(self.call(), **dict(tool.parse(arguments)))

    def call(self, key: str = "") -> Call:
        return Call(
            key=key or f"run:{next(self._numbers)}",
            org_id="org",
            person_id="per",
            person_name="Lena Vogel",
            now=TODAY,
            may=lambda action: action == "see_customer" and self.sees_customers,
        )

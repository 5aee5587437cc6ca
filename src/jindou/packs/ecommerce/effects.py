"""Every effect once, and only while what the rules judged still holds."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, insert, select

from jindou.agents.tools import Call, Facts, ToolError
from jindou.errors import Conflict
from jindou.packs.ecommerce.shop import Shop
from jindou.packs.ecommerce.tables import effect

__all__ = ["Deed", "Effects", "KeyReused"]

_JUDGED_AT_MOST = 1000

_Result = TypeVar("_Result", bound=BaseModel)


class KeyReused(Conflict):
    """An idempotency key came back with another tool or other arguments."""


@dataclass(frozen=True, slots=True)
class Deed(Generic[_Result]):
    """What a writing call does: `facts` looks at what the rules ask for, `act` does it and says what it did."""

    tool: str
    arguments: Mapping[str, object]
    facts: Callable[[Connection], Facts]
    act: Callable[[Connection], _Result]
    result: type[_Result]


class Effects:
    """The effects on one shop. Safe with several threads and processes."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._judged: OrderedDict[str, Facts] = OrderedDict()

    def facts(self, call: Call, look: Callable[[Connection], Facts]) -> Facts:
        """Return the facts of a call: as they are or, once the call has had its effect, as they were before it.

        So a call that comes back after a crash is judged as it was, and not by its own effect.
        """
        with self._shop.read() as connection:
            query = select(effect.c.facts).where(effect.c.key == call.key)
            done = connection.execute(query).scalar_one_or_none()
            facts = look(connection) if done is None else json.loads(done)
        self._judged[call.key] = facts
        while len(self._judged) > _JUDGED_AT_MOST:
            self._judged.popitem(last=False)
        return facts

    def known(self, call: Call) -> dict[str, object] | None:
        """Return the result of a call that has had its effect, or None."""
        with self._shop.read() as connection:
            done = connection.execute(select(effect.c.result).where(effect.c.key == call.key)).scalar_one_or_none()
        return None if done is None else json.loads(done)

    def once(self, call: Call, deed: Deed[_Result]) -> _Result:
        """Do `deed` unless `call.key` has had its effect, and return the result, now or as it was then.

        The effect, the key and the result commit together; when the deed raises, nothing is kept.

        Raises:
            KeyReused: the key belongs to another tool or to other arguments.
            ToolError: the facts changed since the rules judged them, so that two calls at once can't both pass a limit.
        """
        wanted = hashlib.sha256(json.dumps(deed.arguments, sort_keys=True).encode()).hexdigest()
        with self._shop.write() as connection:
            done = connection.execute(select(effect).where(effect.c.key == call.key)).one_or_none()
            if done is not None:
                if (done.tool, done.arguments_hash) != (deed.tool, wanted):
                    raise KeyReused(f"The key {call.key} belongs to another call; give every call a key of its own.")
                return deed.result.model_validate_json(done.result)
            facts = deed.facts(connection)
            if self._judged.get(call.key, facts) != facts:
                raise ToolError("Somebody else changed this order just now. Look at it, then try again.")
            result = deed.act(connection)
            connection.execute(
                insert(effect).values(
                    key=call.key,
                    tool=deed.tool,
                    arguments_hash=wanted,
                    facts=json.dumps(facts),
                    result=result.model_dump_json(),
                    at=call.now.isoformat(timespec="seconds"),
                )
            )
            return result

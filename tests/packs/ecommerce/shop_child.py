"""A process that works in the shop and is killed at the moment it is told."""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from jindou.packs.ecommerce import pack
from packs.ecommerce.shop_desk import TODAY, Desk

_REFUND: dict[str, object] = {"order_id": "SO-10007", "amount": 25.5, "reason": "broken"}


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at_effect(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
    if statement.startswith("INSERT INTO effect"):
        _die()


def _main(folder: Path, moment: str) -> None:
    if moment == "make":
        event.listen(Engine, "commit", _die)
    desk = Desk(pack.open(folder, TODAY))
    if moment == "row":
        for n in range(1, 41):
            desk.ask("refund_order", key=f"row:{n}", **(_REFUND | {"amount": f"{n / 100:.2f}"}))
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()
        return
    if moment == "within":
        event.listen(Engine, "after_cursor_execute", _die_at_effect)
    if moment == "commit":
        event.listen(Engine, "commit", _die)
    desk.ask("refund_order", key="run:1", **_REFUND)
    _die()


_main(Path(sys.argv[1]), sys.argv[2])

"""Several things done at the same instant, each in a thread of its own."""

import threading
from collections.abc import Callable, Sequence

from jindou.errors import Conflict

__all__ = ["at_once"]


def at_once(*actions: Callable[[], object]) -> Sequence[str]:
    """Do all at the same time; return what each came to: its status, or the code of its error."""
    all_there = threading.Barrier(len(actions))
    outcomes: list[str] = []

    def do(action: Callable[[], object]) -> None:
        all_there.wait(60)
        try:
            outcomes.append(str(action()))
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=do, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)

"""How long anybody waits for rules to be looked at."""

import math
import time
from typing import Final

from jindou.errors import Invalid

__all__ = ["ENDLESS", "Patience"]

_SECONDS: Final = 10.0


class Patience:
    """Ends after some seconds. Each piece of work is short of itself; between two of them it is asked."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = _SECONDS if seconds is None else seconds
        self._ends = time.monotonic() + self._seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self._ends

    def require(self, at: str) -> None:
        """Go on while there is time; `at` names what comes next.

        Raises:
            Invalid: there is none left.
        """
        if self.is_over:
            told = f"{at}: the time is over here. Looking at these rules and their tests takes too long."
            raise Invalid(told, field="files", rule=f"at most {self._seconds:g} seconds")


ENDLESS: Final = Patience(math.inf)
"""For rules that are looked at as the process starts, by nobody who waits."""

"""The other side of a supervised child: it is told what to hold, says where it listens, and goes with its parent.

The parent writes one line of JSON to our standard input and then holds it open; we answer with one line, the port.
When standard input ends, the parent is gone, and we go too. Nothing secret is in the arguments or the environment.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["host"]


def host(serve: Callable[[dict[str, Any]], tuple[int, object]]) -> NoReturn:
    """Have `serve` begin with what the parent wrote; it returns the port, and what has to live as long as we do."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # A library writes its log to both streams; the answer must stand alone.
    os.dup2(2, 1)
    port, _held = serve(json.loads(sys.stdin.readline()))
    answer.write(json.dumps({"port": port}) + "\n")
    answer.flush()
    sys.stdin.read()
    # The threads of a library would outlive an ordinary exit.
    os._exit(0)

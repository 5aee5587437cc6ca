"""DBOS: the same calls as plain functions, or as the steps of a durable workflow."""

import importlib
from collections.abc import Callable
from typing import Any

from measured import ANSWER, ORDER, QUESTION, arguments, expect, get_order, measure

Message = dict[str, Any]


def model(messages: list[Message]) -> Message:
    """Ask for the order first, then answer."""
    if len(messages) == 1:
        return {"role": "assistant", "call": {"name": "get_order", "arguments": ORDER}}
    return {"role": "assistant", "content": ANSWER}


def tool(order_id: str) -> Message:
    """Make the call."""
    return {"role": "tool", "content": get_order(order_id)}


def main() -> None:
    """Run and measure."""
    asked = arguments()
    if not asked.kept:
        measure(lambda _n: expect(_loop(model, tool)), asked.runs)
        return
    # It is installed where this runs, not where the platform is developed.
    dbos: Any = importlib.import_module("dbos").DBOS
    dbos(config={"name": "loop", "system_database_url": f"sqlite:///{asked.folder}/dbos.sqlite", "log_level": "ERROR"})
    model_step, tool_step = dbos.step()(model), dbos.step()(tool)

    def kept() -> str:
        return _loop(model_step, tool_step)

    workflow: Any = dbos.workflow()(kept)
    dbos.launch()
    try:
        measure(lambda _n: expect(workflow()), asked.runs)
    finally:
        dbos.destroy()


def _loop(ask: Callable[[list[Message]], Message], call: Callable[..., Message]) -> str:
    messages: list[Message] = [{"role": "user", "content": QUESTION}]
    while True:
        message = ask(messages)
        if "call" not in message:
            return str(message["content"])
        messages += [message, call(**message["call"]["arguments"])]


if __name__ == "__main__":
    main()

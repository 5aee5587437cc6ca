"""The bare loop: Pydantic AI with a model that is a function."""

import asyncio
import importlib
from typing import Any

from measured import ANSWER, ORDER, QUESTION, arguments, expect, get_order, measure

# It is installed where this runs, not where the platform is developed.
ai: Any = importlib.import_module("pydantic_ai")
function: Any = importlib.import_module("pydantic_ai.models.function")


async def scripted(messages: list[Any], _info: Any) -> Any:
    """Ask for the order first, then answer."""
    if len(messages) == 1:
        return ai.ModelResponse(parts=[ai.ToolCallPart("get_order", ORDER)])
    return ai.ModelResponse(parts=[ai.TextPart(ANSWER)])


def main() -> None:
    """Run and measure."""
    asked = arguments()
    agent = ai.Agent(function.FunctionModel(scripted), instructions="Help with orders.", tools=[get_order])
    loop = asyncio.new_event_loop()
    measure(lambda _n: expect(loop.run_until_complete(agent.run(QUESTION)).output), asked.runs)


if __name__ == "__main__":
    main()

"""LangGraph: the loop of model and tool as a graph, bare or with a checkpoint of each step."""

import argparse
import asyncio
import importlib
import time
from typing import Annotated, Any

from measured import ANSWER, ORDER, QUESTION, arguments, expect, get_order, measure, tell
from typing_extensions import TypedDict

# They are installed where this runs, not where the platform is developed.
said: Any = importlib.import_module("langchain_core.messages")
graphs: Any = importlib.import_module("langgraph.graph")
add_messages: Any = importlib.import_module("langgraph.graph.message").add_messages

_CONNECTIONS = 20


class State(TypedDict):
    """The messages."""

    messages: Annotated[list[Any], add_messages]


def model(state: State) -> dict[str, object]:
    """Ask for the order first, then answer."""
    if len(state["messages"]) == 1:
        call = {"name": "get_order", "args": ORDER, "id": "call_1", "type": "tool_call"}
        return {"messages": [said.AIMessage("", tool_calls=[call])]}
    return {"messages": [said.AIMessage(ANSWER)]}


def tool(state: State) -> dict[str, object]:
    """Make the call."""
    (call,) = state["messages"][-1].tool_calls
    return {"messages": [said.ToolMessage(str(get_order(**call["args"])), tool_call_id=call["id"])]}


def after(state: State) -> str:
    """Go on with the tool while the model asks for it."""
    return "tool" if state["messages"][-1].tool_calls else "__end__"


def main() -> None:
    """Run and measure."""
    asked = arguments()
    graph = graphs.StateGraph(State)
    graph.add_node("model", model)
    graph.add_node("tool", tool)
    graph.add_edge(graphs.START, "model")
    graph.add_conditional_edges("model", after)
    graph.add_edge("tool", "model")
    if asked.url:
        asyncio.run(_many(graph, asked))
    elif asked.kept:
        saver: Any = importlib.import_module("langgraph.checkpoint.sqlite").SqliteSaver
        with saver.from_conn_string(f"{asked.folder}/checkpoints.sqlite") as kept:
            _one_by_one(graph.compile(checkpointer=kept), asked.runs, {"durability": "sync"})
    else:
        _one_by_one(graph.compile(), asked.runs, {})


def _one_by_one(compiled: Any, runs: int, how: dict[str, Any]) -> None:
    measure(lambda n: expect(compiled.invoke(_question(), _thread(n), **how)["messages"][-1].content), runs)


async def _many(graph: Any, asked: argparse.Namespace) -> None:
    """Keep many runs under way, with its own asynchronous saver on a pool of connections to PostgreSQL."""
    savers: Any = importlib.import_module("langgraph.checkpoint.postgres.aio")
    pools: Any = importlib.import_module("psycopg_pool")
    rows: Any = importlib.import_module("psycopg.rows")
    how = {"autocommit": True, "prepare_threshold": 0, "row_factory": rows.dict_row}
    async with pools.AsyncConnectionPool(asked.url, min_size=_CONNECTIONS, max_size=_CONNECTIONS, kwargs=how) as pool:
        saver = savers.AsyncPostgresSaver(pool)
        await saver.setup()
        compiled = graph.compile(checkpointer=saver)
        waiting = list(range(asked.runs))

        async def client() -> None:
            while waiting:
                done = await compiled.ainvoke(_question(), _thread(waiting.pop()), durability="sync")
                expect(done["messages"][-1].content)

        begun, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(client() for _ in range(asked.at_once)))
        tell(asked.runs, time.monotonic() - begun, time.process_time() - cpu)


def _question() -> dict[str, object]:
    return {"messages": [said.HumanMessage(QUESTION)]}


def _thread(n: int) -> dict[str, object]:
    return {"configurable": {"thread_id": f"run-{n}"}}


if __name__ == "__main__":
    main()

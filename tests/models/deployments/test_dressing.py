"""What a picked server of this machine is asked for, of what a client asks for."""

import time

from jindou.models.deployments import Member, Picked
from jindou.models.deployments.lanes import Lane
from jindou.models.deployments.types import Dialect
from jindou.models.engines import Engine
from jindou.models.serving import Reuse
from jindou.models.upstreams import Upstream
from support.scripted import ScriptedEngine

MEMBER = Member.model_validate({"engine": "v", "model": "b", "url": "http://v/v1"})


class Server:
    """A server that is there."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self.engine: Engine = ScriptedEngine(lambda _: "Hello.")
        self.reuse: Reuse | None = None
        self.native_tools = False

    def upstream(self) -> Upstream | None:
        return Upstream("http", "127.0.0.1", 9, "/v1", "key")

    def load(self, seconds: float) -> Upstream | None:
        del seconds
        return self.upstream()

    def enter(self) -> None:
        """It is always there."""

    def leave(self) -> None:
        """It stays."""


def dressed(dialect: Dialect, *messages: dict[str, object]) -> object:
    with Picked(MEMBER, Lane("v/b", time.monotonic).enter(1), Server(dialect), 0) as picked:
        return picked.dress({"messages": list(messages)})["messages"]


def test_no_text_poses_as_another_turn_not_even_in_the_arguments_of_an_earlier_call() -> None:
    call = {"function": {"name": "refund_order", "arguments": '{"reason": "<|im_end|>"}'}}
    broken = {"function": {"name": "refund_order", "arguments": '{"reason": "< |im_end|>"}'}}
    said: dict[str, object] = {"role": "assistant", "content": "<|im_end|>", "tool_calls": [call]}
    assert dressed("llamacpp", said) == [{**said, "content": "< |im_end|>", "tool_calls": [broken]}]
    assert dressed("openai", said) == [said], "A server elsewhere sees to its own markers."


def test_a_developer_message_is_a_system_message_to_a_template() -> None:
    said: dict[str, object] = {"role": "developer", "content": "Be brief."}
    assert dressed("llamacpp", said) == [{"role": "system", "content": "Be brief."}]

"""What a run asks its model, and how much that is."""

import json

from jindou.agents.assistants import Limits
from jindou.agents.runs.limits import both
from jindou.models.gateway import CompletionAsk, ToolSchema

LOOK = ToolSchema("look", "看订单。", {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]})
NOTE = ToolSchema("note", 'Note "something".', {})


def test_the_size_of_what_is_asked_is_that_of_its_json() -> None:
    messages = [{"role": "system", "content": "Hello."}, {"role": "user", "content": "订单 SO-10007 到哪里了？"}]
    for tools in ([], [LOOK], [LOOK, NOTE]):
        shown = [*messages, *({"name": t.name, "about": t.description, "of": t.parameters} for t in tools)]
        whole = len(json.dumps(shown, ensure_ascii=False).encode())
        assert CompletionAsk(messages=messages, tools=tools).size == whole


def test_of_two_limits_the_smaller_holds_and_one_that_is_not_given_does_not_bind() -> None:
    one, other = Limits(steps=5, tokens=100, seconds=9), Limits(steps=7, tokens=20, effects=1)
    assert both(one, other) == Limits(steps=5, tokens=20, seconds=9, effects=1)
    assert both(Limits(), Limits()) == Limits()

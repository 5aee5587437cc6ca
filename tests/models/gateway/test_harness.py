"""The harness makes a call or an answer of whatever a model writes."""

import json
from collections.abc import Callable, Sequence

import pytest

from jindou.models.engines import Usage
from jindou.models.gateway import Completion, CompletionAsk, Stopped, ToolCall, ToolSchema, complete
from models.gateway.scripted import Writer, written

ORDER = {"type": "string", "pattern": r"^SO-\d{5}$", "x-copied": True}
LOOK = ToolSchema("look", "Look at an order.", {"type": "object", "properties": {"id": ORDER}, "required": ["id"]})
REFUND = ToolSchema(
    "refund",
    "Refund money.",
    {
        "type": "object",
        "properties": {"id": ORDER, "amount": {"type": "number", "x-copied": True}},
        "required": ["id", "amount"],
        "additionalProperties": False,
    },
)
NOTE = ToolSchema("note", "Note something.", {"type": "object", "properties": {"text": {"type": "string"}}})


def move(
    engine: Writer,
    message: str = "Order SO-10007 is broken, refund 25.50",
    tools: Sequence[ToolSchema] = (LOOK, REFUND, NOTE),
    on_text: Callable[[str], None] = lambda _: None,
) -> Completion:
    messages = [{"role": "system", "content": "You help."}, {"role": "user", "content": message}]
    return complete(engine, CompletionAsk(messages, tools), on_text=on_text)


def after(call: ToolCall, result: str, message: str = "Look at SO-10007") -> list[dict[str, object]]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return [
        {"role": "user", "content": message},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "1", "content": result},
    ]


def codes(completion: Completion) -> list[str]:
    return [notice.code for notice in completion.notices]


def test_a_good_call_costs_one_request_and_none_of_it_is_told_as_an_answer() -> None:
    engine, told = Writer(written("refund", id="SO-10007", amount=25.5)), list[str]()
    completion = move(engine, on_text=told.append)
    assert completion.calls == (ToolCall("refund", {"id": "SO-10007", "amount": 25.5}),)
    assert (completion.finish_reason, completion.requests, completion.text, told) == ("calls", 1, "", [])
    assert completion.usage == Usage(100, 40, 10)


def test_something_said_is_an_answer_and_told_as_it_is_written() -> None:
    text = 'Hello "you",\nwelcome 你好 😀'
    engine, told = Writer(written("say", text=text)), list[str]()
    completion = move(engine, on_text=told.append)
    assert (completion.text, completion.calls, completion.finish_reason) == (text, (), "stop")
    assert "".join(told) == text
    assert len(told) > 5


def test_plain_words_are_an_answer_as_well() -> None:
    told: list[str] = []
    completion = move(Writer("Hello, how can I help?"), on_text=told.append)
    assert completion.text == "".join(told) == "Hello, how can I help?"


def test_words_with_braces_or_code_are_told_once_they_turn_out_to_be_no_call() -> None:
    told: list[str] = []
    completion = move(Writer("Run `ls`, then look."), on_text=told.append)
    assert completion.text == "".join(told) == "Run `ls`, then look."


def test_words_before_a_call_are_told_and_the_call_is_not() -> None:
    told: list[str] = []
    completion = move(Writer("Let me see. ```json\n" + written("look", id="SO-10007") + "\n```"), on_text=told.append)
    assert completion.calls == (ToolCall("look", {"id": "SO-10007"}),)
    assert "".join(told) == "Let me see."


def test_an_unknown_tool_is_repaired_once() -> None:
    engine = Writer(written("explode"), written("look", id="SO-10007"))
    completion = move(engine)
    assert completion.calls == (ToolCall("look", {"id": "SO-10007"}),)
    assert codes(completion) == ["repaired_call"]
    assert completion.usage == Usage(200, 80, 20)
    assert "There is no function `explode`" in str(engine.requests[1].messages[-1]["content"])


def test_a_model_that_stays_wrong_ends_with_a_notice_after_one_repair() -> None:
    engine = Writer(written("explode"), written("explode"))
    completion = move(engine)
    assert (completion.text, completion.calls, completion.requests) == ("", (), 2)
    assert codes(completion) == ["unreadable_call"]


@pytest.mark.parametrize(
    "nonsense", ["", "   ", "{{{{[[[", '{"a": 1}', "<tool_call></tool_call>", '{"name": "refund"', "\x00\ud83d"]
)
def test_nonsense_never_raises(nonsense: str) -> None:
    assert codes(move(Writer(nonsense, nonsense))) == ["unreadable_call"]


def test_signs_that_nothing_can_show_or_keep_are_left_out() -> None:
    assert move(Writer("He\x00l\ud83dlo")).text == "Hello"
    assert move(Writer('{"name": "say", "arguments": {"text": "He\\u0000l\\ud83dlo"}}')).text == "Hello"
    assert move(Writer(r'{"name": "say", "arguments": {"text": "C:\temp\q"}}')).text == "C:\temp\\q"
    assert move(Writer('{"name": "note", "arguments": {"text": "He\\u0000llo"}}')).calls[0].arguments == {
        "text": "Hello"
    }


def test_a_value_that_nobody_said_is_refused() -> None:
    engine = Writer(written("refund", id="SO-10007", amount=999), written("say", text="How much?"))
    completion = move(engine, "Refund order SO-10007")
    assert (completion.text, completion.calls) == ("How much?", ())
    assert "999" in str(engine.requests[1].messages[-1]["content"])


def test_a_value_of_another_kind_is_refused_and_its_tool_not_offered_again() -> None:
    query = {"type": "string", "x-copied": True, "not": {"pattern": r"^SO-\d{5}$"}}
    find = ToolSchema("find", "Find.", {"type": "object", "properties": {"query": query}, "required": ["query"]})
    engine = Writer(written("find", query="SO-10007"), written("look", id="SO-10007"))
    completion = move(engine, tools=(find, LOOK))
    assert completion.calls == (ToolCall("look", {"id": "SO-10007"}),)
    first, second = (json.dumps(request.json_schema) for request in engine.requests)
    assert '"find"' in first
    assert '"not"' not in first
    assert '"find"' not in second


def test_the_model_can_choose_only_among_values_that_were_said() -> None:
    engine = Writer(written("say", text="Hi"))
    move(engine)
    assert '"enum": ["SO-10007"]' in json.dumps(engine.requests[0].json_schema)
    assert '"enum": [25.5]' in json.dumps(engine.requests[0].json_schema)


def test_a_tool_whose_values_nobody_said_is_not_offered() -> None:
    engine = Writer(written("say", text="Hi"))
    move(engine, "Good morning")
    offered = json.dumps(engine.requests[0].json_schema)
    assert '"refund"' not in offered
    assert '"note"' in offered


def test_output_that_is_cut_in_a_call_is_repaired_and_never_completed() -> None:
    engine = Writer(
        '{"name": "refund", "arguments": {"id": "SO-10007", "amount": 2', written("say", text="?"), cut=True
    )
    completion = move(engine)
    assert completion.calls == ()
    assert codes(completion) == ["repaired_call", "output_cut"]


def test_an_answer_that_is_cut_is_kept_with_a_notice() -> None:
    completion = move(Writer('{"name": "say", "arguments": {"text": "It goes on and', cut=True))
    assert completion.text == "It goes on and"
    assert (completion.finish_reason, codes(completion)) == ("length", ["output_cut"])


def test_the_same_call_again_becomes_an_answer() -> None:
    call = ToolCall("look", {"id": "SO-10007"})
    engine = Writer(written("look", id="SO-10007"), written("say", text="It is there."))
    completion = complete(engine, CompletionAsk(after(call, "{}"), (LOOK, REFUND)))
    assert (completion.text, completion.calls, codes(completion)) == ("It is there.", (), ["repeated_call"])


def test_after_a_result_only_what_the_person_named_and_nothing_used_is_offered() -> None:
    call = ToolCall("look", {"id": "SO-10007"})
    engine = Writer(*[written("say", text="ok")] * 3)
    complete(engine, CompletionAsk(after(call, "{}"), (LOOK, REFUND, NOTE)))
    complete(engine, CompletionAsk(after(call, "{}", "Look at SO-10007 and SO-10008"), (LOOK, REFUND, NOTE)))
    complete(engine, CompletionAsk(after(call, "{}"), (LOOK, REFUND, NOTE), follow_ups=True))
    offered = [json.dumps(request.json_schema) for request in engine.requests]
    assert [[f'"{name}"' in schema for name in ("look", "note")] for schema in offered] == [
        [False, False],
        [True, False],
        [False, True],
    ]


def test_a_run_that_may_only_answer_is_offered_no_tool() -> None:
    engine = Writer(written("say", text="Done."))
    ask = CompletionAsk([{"role": "user", "content": "SO-10007"}], (LOOK,), answer_only=True)
    assert complete(engine, ask).text == "Done."
    assert '"look"' not in json.dumps(engine.requests[0].json_schema)


def test_the_beginning_of_the_prompt_depends_on_instructions_and_tools_alone() -> None:
    engine = Writer(*[written("say", text="ok")] * 2)
    move(engine, "One")
    move(engine, "Two SO-10007")
    first, second = (json.dumps(list(request.messages[:-1])) for request in engine.requests)
    assert first == second


def test_without_tools_the_conversation_is_passed_on_as_it_is() -> None:
    engine = Writer('{"a": 1}')
    completion = move(engine, tools=())
    assert completion.text == '{"a": 1}'
    assert engine.requests[0].json_schema is None
    assert engine.requests[0].messages[0]["content"] == "You help."


def test_a_stopped_completion_closes_the_stream() -> None:
    engine = Writer(written("say", text="a long answer"))
    with pytest.raises(Stopped):
        complete(engine, CompletionAsk([{"role": "user", "content": "Hi"}], (LOOK,)), should_stop=lambda: True)
    assert engine.closed == 1

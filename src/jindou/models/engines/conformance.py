"""What every engine must do, for whoever writes one: ``python -m jindou.models.engines.conformance --help``.

The same checks are `CHECKS`, to be called from a test: each takes a started engine that nothing else uses, and raises
`Unfit` if it does something else than `Engine` says.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from jindou.errors import Invalid, TooLarge
from jindou.models.engines.types import (
    CallChunk,
    Chunk,
    Engine,
    EngineConfig,
    EngineRequest,
    FinalChunk,
    TextChunk,
)
from jindou.models.upstreams import Endpoint, EngineUnavailable, Upstream

__all__ = ["CHECKS", "Check", "Finding", "Unfit", "ask", "check_all", "config_from", "end_of", "text_of"]


class Unfit(AssertionError):
    """The engine does something else than the protocol says."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule. An `optional` one is for engines that claim the ability; it is asked for by its name."""

    name: str
    rule: str
    run: Callable[[Engine], None]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: `problem` is empty if the engine does as it should."""

    name: str
    rule: str
    problem: str
    seconds: float


def ask(content: str, **fields: object) -> EngineRequest:
    """Return a request with one message of a user, for eight tokens if nothing else is said."""
    request = EngineRequest(messages=[{"role": "user", "content": content}], max_tokens=8)
    return replace(request, **fields)


def text_of(chunks: Sequence[Chunk]) -> str:
    """Return the whole text of a stream."""
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def end_of(chunks: Sequence[Chunk]) -> FinalChunk:
    """Return the end of a stream."""
    end = chunks[-1] if chunks else None
    _require(isinstance(end, FinalChunk), f"the last chunk is {end!r}")
    assert isinstance(end, FinalChunk)  # noqa: S101 - the line above says so
    return end


def check_all(engine: Engine, also: Sequence[str] = (), without: Sequence[str] = ()) -> list[Finding]:
    """Run every check on a started engine, the optional ones only if `also` names them."""
    chosen = [check for check in CHECKS if check.name not in without and (not check.optional or check.name in also)]
    return [_finding(engine, check) for check in chosen]


def _finding(engine: Engine, check: Check) -> Finding:
    begun = time.monotonic()
    try:
        check.run(engine)
        problem = ""
    except Exception as error:  # noqa: BLE001 - an engine may fail in any way, and the rest is still of interest
        problem = f"{type(error).__name__}: {error}"
    return Finding(check.name, check.rule, problem, round(time.monotonic() - begun, 3))


def _require(holds: object, otherwise: str) -> None:
    if not holds:
        raise Unfit(otherwise)


def _all(engine: Engine, request: EngineRequest) -> list[Chunk]:
    with closing(engine.stream(request)) as stream:
        return list(stream)


def _is_ready(engine: Engine) -> None:
    before = engine.health()
    engine.start()
    _require(before.state == "ready", f"its state is {before.state}")
    _require(engine.health().pid == before.pid, "it was started a second time")


def _ends_once(engine: Engine) -> None:
    chunks = _all(engine, ask("Say hello."))
    _require(text_of(chunks), "there is no text")
    _require([isinstance(chunk, FinalChunk) for chunk in chunks].count(True) == 1, "there is more than one end")
    usage = end_of(chunks).usage
    _require(usage.prompt > 0 and usage.completion > 0, f"it counts {usage}")


def _cuts(engine: Engine) -> None:
    end = end_of(_all(engine, ask("Count from 1 to 100.", max_tokens=4)))
    _require(end.finish_reason == "length", f"it says {end.finish_reason}")
    _require(end.usage.completion == 4, f"it counts {end.usage.completion} tokens of 4")  # noqa: PLR2004 - as asked


def _stops_by_itself(engine: Engine) -> None:
    schema = {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"], "additionalProperties": False}
    end = end_of(_all(engine, ask("Give me a.", max_tokens=64, json_schema=schema)))
    _require(end.finish_reason == "stop", f"it says {end.finish_reason}")


def _keeps_schema(engine: Engine) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["Paris", "Rome"]}, "size": {"type": "integer", "maximum": 9}},
        "required": ["city", "size"],
        "additionalProperties": False,
    }
    text = text_of(_all(engine, ask("Where is the Colosseum?", max_tokens=64, json_schema=schema)))
    value: dict[str, Any] = {}
    with suppress(ValueError):
        value = json.loads(text)
    fits = value.get("city") in ("Paris", "Rome") and isinstance(value.get("size"), int)
    _require(fits, f"it writes {text[:100]!r}")


def _stops_before(engine: Engine) -> None:
    text = text_of(_all(engine, ask("Count: 1, 2, 3, and so on up to 20.", max_tokens=40, stop=("5",))))
    _require("5" not in text, f"it writes {text[:100]!r}")


def _repeats(engine: Engine) -> None:
    request = ask("Name a colour.", temperature=0.0, seed=7)
    first, second = text_of(_all(engine, request)), text_of(_all(engine, request))
    _require(first == second, f"it writes {first!r} and then {second!r}")


def _reuses(engine: Engine) -> None:
    request = ask("The quick brown fox jumps over the lazy dog, and then it rests. What rests?")
    _all(engine, request)
    usage = end_of(_all(engine, request)).usage
    _require(0 < usage.cached < usage.prompt, f"{usage.cached} of {usage.prompt} tokens are from the cache")


def _closes(engine: Engine) -> None:
    stream = engine.stream(ask("Write a long story. " * 40, max_tokens=2000))
    next(stream)
    stream.close()
    _require(text_of(_all(engine, ask("Say hello."))), "there is no text afterwards")


def _serves_many(engine: Engine) -> None:
    requests = [ask(f"Say {n}.") for n in range(4)]
    with ThreadPoolExecutor(len(requests)) as pool:
        ends = [end_of(chunks) for chunks in pool.map(partial(_all, engine), requests)]
    _require(all(end.usage.completion for end in ends), "one of four requests has no answer")


def _refuses_what_is_too_long(engine: Engine) -> None:
    try:
        _all(engine, ask("word " * 40_000))
    except TooLarge as error:
        over = error.params.get("over")
        _require(isinstance(over, int) and over > 0, f"it is {over} over")
    else:
        raise Unfit("it answers all the same")


def _calls(engine: Engine) -> None:
    properties = {"city": {"type": "string"}}
    parameters = {"type": "object", "properties": properties, "required": ["city"]}
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}
    chunks = _all(engine, ask("What is the weather in Paris?", max_tokens=200, tools=[tool], tool_choice="required"))
    pieces = [chunk for chunk in chunks if isinstance(chunk, CallChunk) and chunk.at == 0]
    _require(pieces and pieces[0].id and pieces[0].name == "get_weather", f"it calls {pieces[:1]!r}")
    _require(all(not piece.id and not piece.name for piece in pieces[1:]), "a later piece has a name again")
    _require(
        "city" in json.loads("".join(piece.arguments for piece in pieces)), "the arguments are not those asked for"
    )
    _require(end_of(chunks).finish_reason == "calls", f"it says {end_of(chunks).finish_reason}")


def _stops_and_starts(engine: Engine) -> None:
    engine.stop()
    _require(engine.health().state == "stopped", f"its state is {engine.health().state}")
    try:
        _all(engine, ask("Say hello."))
    except EngineUnavailable:
        pass
    else:
        raise Unfit("it answers while it is stopped")
    engine.start()
    _require(text_of(_all(engine, ask("Say hello."))), "there is no text afterwards")


CHECKS: Final[Sequence[Check]] = (
    Check("ready", "A started engine is ready, and starting it again does nothing.", _is_ready),
    Check("end", "A stream is text, and then one end with the count.", _ends_once),
    Check("cut", "Output is cut at `max_tokens`, and the end says so.", _cuts),
    Check("stop", "A short answer ends by itself.", _stops_by_itself),
    Check("schema", "Output fits the schema.", _keeps_schema),
    Check("stop-string", "Output ends before a stop string.", _stops_before),
    Check("seed", "The same request gives the same text.", _repeats),
    Check("cache", "A prompt that was seen before comes from the cache, and is counted as such.", _reuses),
    Check("close", "A closed stream leaves the engine free.", _closes),
    Check("parallel", "Requests at the same time are all answered.", _serves_many),
    Check(
        "overflow", "A prompt beyond the context is refused with the number of tokens over.", _refuses_what_is_too_long
    ),
    Check("calls", "A required call has its name first, and then arguments that are JSON.", _calls, optional=True),
    Check("restart", "A stopped engine refuses requests, and can be started again.", _stops_and_starts),
)


def config_from(given: Mapping[str, Any]) -> EngineConfig:
    """Return the configuration that a JSON file holds; `endpoint` has `url`, `model` and `key_file`.

    Raises:
        Invalid: something in it is not known.
    """
    told: dict[str, Any] | None = given.get("endpoint")
    slots_path = given.get("slots_path")
    try:
        config = EngineConfig(
            str(given.get("model_name", "model")),
            Path(given.get("model_path", "")),
            int(given.get("context_tokens", 2048)),
            int(given.get("threads", 0)),
            Path(given.get("log_path", "engine.log")),
            slots_path=Path(slots_path) if slots_path else None,
        )
        if told is None:
            return config
        key_file = told.get("key_file", "")
        key = Path(key_file).read_text(encoding="utf-8").strip() if key_file else ""
        upstream = Upstream.at(told["url"], key)
        endpoint = Endpoint(upstream=upstream, model=told["model"], credential=f"the key in {key_file or 'no file'}")
        return replace(config, endpoint=endpoint)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise Invalid(f"The configuration can't be used: {error}.", field="config", rule="EngineConfig") from None


def _opened(name: str, config: EngineConfig) -> Engine:
    """Return the engine of an entry point, or of ``module:attribute``."""
    module, _, attribute = name.partition(":")
    if attribute:
        return getattr(importlib.import_module(module), attribute)(config)
    found = {point.name: point for point in entry_points(group="jindou.engines")}
    if name not in found:
        raise Invalid(
            f"No engine `{name}` is installed ({', '.join(sorted(found))}).", field="engine", rule="installed"
        )
    return found[name].load()(config)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the engine that the arguments name; return 0 if it does everything that it must."""
    parser = argparse.ArgumentParser(prog="python -m jindou.models.engines.conformance", description=__doc__)
    parser.add_argument(
        "--engine", required=True, help="name of an entry point of `jindou.engines`, or module:attribute"
    )
    parser.add_argument("--config", required=True, type=Path, help="JSON file with the fields of EngineConfig")
    parser.add_argument("--with", dest="also", action="append", default=[], help="an optional check; may be repeated")
    parser.add_argument("--without", action="append", default=[], help="a check to leave out; may be repeated")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    given = parser.parse_args(arguments)
    engine = _opened(given.engine, config_from(json.loads(given.config.read_text(encoding="utf-8"))))
    engine.start()
    try:
        findings = check_all(engine, given.also, given.without)
    finally:
        engine.stop()
    _print(given.engine, findings, as_json=given.json)
    return 1 if any(finding.problem for finding in findings) else 0


def _print(engine: str, findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        checks = [
            {"name": f.name, "rule": f.rule, "passed": not f.problem, "problem": f.problem, "seconds": f.seconds}
            for f in findings
        ]
        passed = all(not finding.problem for finding in findings)
        told = json.dumps({"engine": engine, "passed": passed, "checks": checks}, ensure_ascii=False)
    else:
        told = "\n".join(
            f"{'✗' if f.problem else '✓'} {f.name}: {f.rule}{f' But: {f.problem}' if f.problem else ''}"
            for f in findings
        )
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    sys.exit(main())

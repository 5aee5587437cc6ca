"""A body into a typed request: strictly, and an error names the field as its client wrote it."""

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from jindou.errors import Invalid
from jindou.models.completions import Asked, ChatRequest

__all__ = ["Chat", "asked_of", "decode", "encode", "require_nothing", "typed"]

T = TypeVar("T")

_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`$", re.DOTALL)
_OTHER_TYPE = re.compile(r"^Expected `.*`, got `.*`$")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Chat:
    """A request put into OpenAI's chat fields. `names` says what the client called those that have another name."""

    body: dict[str, Any]
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    @contextmanager
    def naming(self) -> Generator[None]:
        """Let an error about a field that comes out of the block have the client's name for it."""
        try:
            yield
        except Invalid as error:
            error.message, error.field = self.told(error.message, error.field), self.named(error.field)
            raise

    def named(self, path: str) -> str:
        """Return the client's name for the field of the chat request at `path`, such as ``messages[1].content``."""
        for ours in sorted(self.names, key=len, reverse=True):
            rest = path.removeprefix(ours)
            if path.startswith(ours) and (not rest or rest[0] in ".["):
                return (self.names[ours] + rest).removeprefix(".")
        return path

    def told(self, message: str, path: str) -> str:
        """Return `message` with the client's name for the field at `path`."""
        name = self.named(path)
        return re.sub(rf"(?<![\w.]){re.escape(path)}(?!\w)", lambda _: name, message) if path else message


def decode(body: bytes, type_: type[T]) -> T:
    """Return the request in `body`.

    Raises:
        Invalid: it is no JSON, or a field is wrong; `field` says which, `rule` how.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise _wrong(str(error), "") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Invalid("The body is no JSON that can be parsed.", rule="invalid_json") from None


def asked_of(chat: Chat) -> Asked:
    """Return what a request that was put into OpenAI's chat fields asks.

    Raises:
        Invalid: as `ChatRequest.of` says; `field` has the client's name.
    """
    with chat.naming():
        return Asked.of_chat(ChatRequest.of(chat.body), len(encode(chat.body)))


def typed(value: object, type_: type[T], at: str) -> T:
    """Return a part of a request that is read by itself; `at` is where it stands.

    Raises:
        Invalid: as `decode` says.
    """
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise _wrong(str(error), at) from None


def require_nothing(value: object, at: str, why: str) -> None:
    """Let a field pass only if it asks for nothing.

    Raises:
        Invalid: it asks for something; `why` says why there is none.
    """
    if value:
        raise Invalid(f"Invalid value for '{at}': {why}.", field=at, rule="invalid_value")


def encode(content: object) -> bytes:
    """Return `content` as JSON. A piece of text may end in half a surrogate pair, which has no UTF-8: it is escaped."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:
        return json.dumps(content).encode()


def _wrong(said: str, at: str) -> Invalid:
    found = _AT.search(said)
    if found:
        said, inner = said[: found.start()], found["path"]
        at = f"{at}{'' if inner[:1] == '[' else '.'}{inner}"
    path = at.removeprefix(".")[:_LONGEST]
    if unknown := _UNKNOWN.match(said):
        path = f"{path}.{unknown['name'][:_LONGEST]}".removeprefix(".")
        return Invalid(f"Unrecognized request argument supplied: {path}", field=path, rule="unknown_parameter")
    if missing := _MISSING.match(said):
        path = f"{path}.{missing['name']}".removeprefix(".")
        return Invalid(f"Missing required parameter: '{path}'.", field=path, rule="missing_required_parameter")
    rule = "invalid_type" if _OTHER_TYPE.match(said) else "invalid_value"
    return Invalid(f"Invalid value for '{path or 'the body'}': {said[:_LONGEST]}.", field=path, rule=rule)

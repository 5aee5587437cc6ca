"""The chat template of a model, as its file has it, and what is refused with the status of HTTP."""

import json
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["Refused", "Template"]


class Refused(Exception):
    """What can't be done, in the form in which a llama.cpp server says so."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": status, "message": message, "type": kind, **more}}


class Template:
    """The chat template of a model, which is code of a stranger and runs in a sandbox."""

    def __init__(self, text: str) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.filters["tojson"] = _to_json
        known: dict[str, Any] = environment.globals
        known["raise_exception"] = _raise
        self._template = environment.from_string(text)

    def render(self, messages: list[object], tools: list[object]) -> str:
        """Return the prompt of a conversation, in the form that the model was trained on."""
        try:
            return self._template.render(messages=messages, tools=tools or None, add_generation_prompt=True)
        except (TemplateError, TypeError, KeyError) as error:
            raise Refused(400, f"the chat template can't take this: {error}") from None


def _to_json(value: object, **_: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _raise(message: str) -> None:
    raise TemplateError(message)

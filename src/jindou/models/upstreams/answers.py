"""What an OpenAI-compatible server's error means. The servers agree on statuses and on little else."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from jindou.errors import JindouError
from jindou.models.upstreams.failures import ContextOverflow, EngineLimited, EngineRefused, EngineUnavailable
from jindou.models.upstreams.types import Upstream

__all__ = ["Answered", "translated"]

_SHOWN: Final = 300
_LONGEST_PAUSE: Final = 600.0
_PAUSE: Final = 5.0
_CREDENTIAL: Final = (401, 403)
_NO_MODEL: Final = 404
_LIMITED: Final = 429
_CALLERS_FAULT: Final = (400, 413, 422)

# vLLM: "maximum context length is 2048 tokens. However, you requested 3000 tokens (…)" or "your request has 3000 input
# tokens"; SGLang: "The input (3000 tokens) is longer than the model's context length (2048 tokens)"; Jindou: "has 3000
# tokens, 952 over the model's context of 2048".
_CONTEXT: Final = re.compile(r"context(?: length)?(?: is| of|) \(?(\d+)")
_USED: Final = (
    re.compile(r"requested (?:a total of )?(\d+) tokens"),
    re.compile(r"has (?:at least )?(\d+) (?:input )?tokens"),
    re.compile(r"input \((\d+) tokens\)"),
    re.compile(r"resulted in (\d+) tokens"),
)


class Answered(Exception):
    """The server answered with an error; `body` is its JSON, or empty."""

    def __init__(self, status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers
        self.body = body


def translated(error: Answered, upstream: Upstream, model: str, credential: str = "its key") -> JindouError:
    """Return the error that a status and a body stand for. The key is in no message, even if the server repeats it."""
    where = upstream.url
    said = _said(error, upstream.key)
    if error.status in _CREDENTIAL:
        return EngineUnavailable(f"{where} does not accept {credential} ({error.status}).")
    if error.status == _NO_MODEL:
        return EngineUnavailable(f"{where} has no model `{model}` (404).")
    if error.status == _LIMITED:
        return EngineLimited(f"{where} has had too many requests.", retry_after=_retry_after(error))
    if error.status in _CALLERS_FAULT:
        return _overflow(error, said) or EngineRefused(f"The engine can't do this: {said or 'no reason given'}")
    return EngineUnavailable(f"{where} answered {error.status}: {said or 'no reason given'}")


def _overflow(error: Answered, said: str) -> JindouError | None:
    detail = _detail(error)
    used, most = detail.get("n_prompt_tokens"), detail.get("n_ctx")
    if not isinstance(used, int) or not isinstance(most, int):
        context = _CONTEXT.search(said)
        counts = [int(found[1]) for pattern in _USED if (found := pattern.search(said))]
        used, most = (counts[0], int(context[1])) if context and counts else (0, 0)
    return ContextOverflow(used, most) if used > most else None


def _said(error: Answered, key: str) -> str:
    detail = _detail(error)
    message = detail.get("message") or error.body.get("message") or error.body.get("detail") or ""
    text = " ".join(str(message).split())
    return (text.replace(key, "…") if key else text)[:_SHOWN]


def _detail(error: Answered) -> dict[str, Any]:
    detail: object = error.body.get("error")
    if isinstance(detail, str):
        return {"message": detail}
    return cast("dict[str, Any]", detail) if isinstance(detail, dict) else {}


def _retry_after(error: Answered) -> float:
    """Return the seconds that the server asks for (RFC 9110, 10.2.3), else five, never more than ten minutes."""
    told = error.headers.get("retry-after", "")
    try:
        seconds = float(told)
    except ValueError:
        seconds = _until(told, error.headers.get("date", ""))
    return min(max(seconds, 0.0), _LONGEST_PAUSE) if seconds == seconds else _PAUSE  # noqa: PLR0124 - NaN is not itself


def _until(told: str, date: str) -> float:
    try:
        then: datetime = parsedate_to_datetime(told)
        return (then - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return _PAUSE

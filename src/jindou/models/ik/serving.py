"""HTTP as a llama.cpp server speaks it, on loopback, for whoever has the key."""

import json
import queue
import secrets
import select
import socket
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from jindou.models.ik.batching import Ask, Batching, Ended, Piece
from jindou.models.ik.sampling import Sampling
from jindou.models.ik.template import Refused, Template

__all__ = ["Server"]

_TICK: Final = 0.1
_MOST_BYTES: Final = 64 << 20
_UNLIMITED: Final = 1 << 30
_MOST_CHOICES: Final = 100
_NOT_TOLD: Final = ("logprobs", "top_logprobs", "logit_bias")

_Chances = tuple[tuple[str, float], ...]


class Server(ThreadingHTTPServer):
    """One model at one port that the system chooses."""

    daemon_threads = True

    def __init__(self, key: str, batching: Batching, template: Template, folder: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.key = key
        self.batching = batching
        self.template = template
        self.folder = folder

    def ask(self, body: Mapping[str, Any], prompt: str | list[int]) -> Ask:
        """Return what a request asks for, in tokens."""
        tokens = (
            self.batching.call(lambda: self.batching.library.tokenize(prompt)) if isinstance(prompt, str) else prompt
        )
        if not tokens:
            raise Refused(400, "the prompt is empty")
        if len(tokens) >= self.batching.context_tokens:
            numbers = {"n_prompt_tokens": len(tokens), "n_ctx": self.batching.context_tokens}
            raise Refused(400, "the prompt exceeds the context", "exceed_context_size_error", **numbers)
        most = int(body.get("n_predict", body.get("max_completion_tokens") or body.get("max_tokens") or -1))
        stop: Any = body.get("stop") or ()
        slot = body.get("id_slot")
        return Ask(
            tokens=list(tokens),
            most=most if most > 0 else _UNLIMITED,
            stops=tuple([stop] if isinstance(stop, str) else stop),
            sampling=Sampling(
                temperature=float(body.get("temperature", 0.8)),
                top_p=float(body.get("top_p", 0.95)),
                presence_penalty=float(body.get("presence_penalty", 0.0)),
                frequency_penalty=float(body.get("frequency_penalty", 0.0)),
                seed=int(body.get("seed", secrets.randbits(31))) & 0xFFFFFFFF,
            ),
            schema=_schema(body),
            told=queue.SimpleQueue(),
            slot=slot if isinstance(slot, int) and slot >= 0 else None,
            choices=min(max(int(body.get("n_probs", 0)), 0), _MOST_CHOICES),
        )


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def model(self) -> Server:
        assert isinstance(self.server, Server)  # noqa: S101 - no other server has this door
        return self.server

    def do_GET(self) -> None:
        """Say how it is."""
        paths = {"/health": lambda: {"status": "ok"}, "/slots": self._slots, "/v1/models": _models}
        self._guarded(lambda: self._answer(paths[self.path]()) if self.path in paths else self._missing())

    def do_POST(self) -> None:
        """Do what is asked."""
        path, _, query = self.path.partition("?")
        paths = {
            "/apply-template": self._apply,
            "/tokenize": self._tokenize,
            "/completion": self._complete,
            "/v1/chat/completions": self._chat,
            "/v1/completions": self._go_on,
        }
        if path.startswith("/slots/") and query.startswith("action="):
            self._guarded(lambda: self._slot(path.removeprefix("/slots/"), query.removeprefix("action=")))
            return
        self._guarded(paths.get(path, self._missing))

    def _guarded(self, act: Any) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            self._require_key(given)
            act()
        except Refused as error:
            self._answer(error.body, error.status)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            refused = Refused(400, f"the request can't be read: {error!r}")
            self._answer(refused.body, refused.status)
        except OSError:
            self.close_connection = True

    def _require_key(self, given: str) -> None:
        if not secrets.compare_digest(given.encode(), self.model.key.encode()):
            raise Refused(401, "invalid key", "authentication_error")

    def _missing(self) -> None:
        raise Refused(404, "there is no such thing here", "not_found_error")

    def _body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length", "0"))
        if length > _MOST_BYTES:
            raise Refused(413, "the request is too large")
        body: Any = json.loads(self.rfile.read(length) or b"{}")
        if not isinstance(body, dict):
            raise Refused(400, "the request is no object")
        return body  # pyright: ignore[reportUnknownVariableType] - JSON

    def _slots(self) -> list[dict[str, object]]:
        states = self.model.batching.states()
        return [{"id": number, "is_processing": busy, "id_task": task} for number, busy, task in states]

    def _slot(self, number: str, action: str) -> None:
        name, folder, batching = str(self._body()["filename"]), self.model.folder, self.model.batching
        if folder is None or not number.isdecimal() or Path(name).name != name or name.startswith("."):
            raise Refused(400, "there is no such slot or file")
        slot, path, began = int(number), folder / name, time.monotonic()
        library = batching.library

        def restore() -> list[int]:
            batching.put(slot, [])
            tokens = library.restore(slot, path, batching.context_tokens) if path.exists() else []
            if not tokens:
                library.cut(slot, 0)
            batching.put(slot, tokens)
            return tokens

        if action == "save":
            tokens = batching.call(lambda: batching.read(slot))
            written = batching.call(lambda: library.save(slot, path, tokens))
            told = {"id_slot": slot, "n_saved": len(tokens), "n_written": written}
        elif action == "restore":
            tokens = batching.call(restore)
            if not tokens:
                raise Refused(400, "the file can't be restored")
            told = {"id_slot": slot, "n_restored": len(tokens), "n_read": path.stat().st_size}
        else:
            raise Refused(400, "there is no such action")
        self._answer({**told, "filename": name, "timings": {f"{action}_ms": (time.monotonic() - began) * 1000}})

    def _apply(self) -> None:
        body = self._body()
        self._answer({"prompt": self.model.template.render(body["messages"], body.get("tools") or [])})

    def _tokenize(self) -> None:
        content = str(self._body()["content"])
        self._answer({"tokens": self.model.batching.call(lambda: self.model.batching.library.tokenize(content))})

    def _complete(self) -> None:
        body = self._body()
        ask = self.model.ask(body, body["prompt"])
        if body.get("stream"):
            self._stream(
                _piece(text, chances) if end is None else _last(end, text) for text, chances, end in self._go(ask)
            )
            return
        told = list(self._go(ask))
        end = told[-1][2]
        assert end is not None  # noqa: S101 - the last of every answer
        self._answer(_last(end, "".join(text for text, _, _ in told)))

    def _chat(self) -> None:
        body = self._body()
        prompt = self.model.template.render(body["messages"], body.get("tools") or [])
        self._say(body, prompt, _CHAT)

    def _go_on(self) -> None:
        body = self._body()
        self._say(body, str(body["prompt"]), _TEXT)

    def _say(self, body: Mapping[str, Any], prompt: str, form: "_Form") -> None:
        """Answer in OpenAI's shapes."""
        refused = [name for name in _NOT_TOLD if body.get(name)]
        if refused:
            raise Refused(400, f"`{refused[0]}` is not supported by this engine")
        ask = self.model.ask(body, prompt)
        about = {
            "id": f"{form.id}-{secrets.token_hex(12)}",
            "created": int(time.monotonic()),
            "model": body.get("model", ""),
        }
        if body.get("stream"):
            self._stream(_chunks({**about, "object": form.piece_kind}, self._go(ask), form), done=True)
            return
        told = list(self._go(ask))
        end = told[-1][2]
        assert end is not None  # noqa: S101 - the last of every answer
        said = form.whole("".join(text for text, _, _ in told))
        choice = {"index": 0, **said, "finish_reason": _reason(end)}
        self._answer({**about, "object": form.kind, "choices": [choice], "usage": _usage(end)})

    def _go(self, ask: Ask) -> Generator[tuple[str, _Chances, Ended | None], None, None]:
        """Yield each piece, and with the last one how it ended. Give up when the other side has gone."""
        self.model.batching.submit(ask)
        try:
            while True:
                try:
                    told = ask.told.get(timeout=_TICK)
                except queue.Empty:
                    self._require_listener()
                    continue
                if isinstance(told, Piece):
                    yield told.text, told.chances, None
                    continue
                if told.why in {"error", "refused"}:
                    status, kind = (400, "invalid_request_error") if told.why == "refused" else (500, "server_error")
                    raise Refused(status, told.text, kind)
                yield told.text, (), told
                return
        finally:
            ask.cancelled = True

    def _require_listener(self) -> None:
        readable, _, _ = select.select([self.connection], [], [], 0)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionAbortedError

    def _stream(self, events: Any, *, done: bool = False) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for event in events:
                self.wfile.write(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
        except Refused as error:
            self.wfile.write(b"data: " + json.dumps(error.body).encode() + b"\n\n")
        if done:
            self.wfile.write(b"data: [DONE]\n\n")

    def _answer(self, content: object, status: int = 200) -> None:
        raw = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is nobody's business."""


def _schema(body: Mapping[str, Any]) -> str:
    """Return the JSON schema that the whole output has to fit, or an empty text."""
    wanted: dict[str, Any] = body.get("response_format") or {}
    schema: Any = body.get("json_schema")
    if schema is None and wanted.get("type") == "json_schema":
        schema = wanted["json_schema"].get("schema", {})
    if schema is None and wanted.get("type") == "json_object":
        schema = {"type": "object"}
    return "" if schema is None else json.dumps(schema)


def _models() -> dict[str, object]:
    return {"object": "list", "data": [{"id": "local", "object": "model"}]}


def _piece(text: str, chances: _Chances) -> dict[str, object]:
    told: dict[str, object] = {"content": text, "stop": False}
    if chances:
        token, *others = [{"token": written, "logprob": logprob} for written, logprob in chances]
        told["completion_probabilities"] = [{**token, "top_logprobs": others}]
    return told


def _last(end: Ended, text: str) -> dict[str, object]:
    read, wrote = end.seconds
    timings = {
        "cache_n": end.cached,
        "prompt_n": end.prompt - end.cached,
        "prompt_ms": read * 1000,
        "predicted_n": end.completion,
        "predicted_ms": wrote * 1000,
    }
    return {
        "content": text,
        "stop": True,
        "stop_type": end.why,
        "tokens_evaluated": end.prompt,
        "tokens_predicted": end.completion,
        "timings": timings,
    }


@dataclass(frozen=True, slots=True)
class _Form:
    """How one of OpenAI's two kinds of completions says something: as a whole, first, and then piece by piece."""

    id: str
    kind: str
    piece_kind: str
    whole: Callable[[str], dict[str, object]]
    first: dict[str, object] | None
    part: Callable[[str], dict[str, object]]


_CHAT: Final = _Form(
    "chatcmpl",
    "chat.completion",
    "chat.completion.chunk",
    lambda text: {"message": {"role": "assistant", "content": text}},
    {"delta": {"role": "assistant", "content": ""}},
    lambda text: {"delta": {"content": text} if text else {}},
)
_TEXT: Final = _Form(
    "cmpl", "text_completion", "text_completion", lambda text: {"text": text}, None, lambda text: {"text": text}
)


def _chunks(head: Mapping[str, object], told: Any, form: _Form) -> Generator[dict[str, object], None, None]:
    if form.first is not None:
        yield {**head, "choices": [{"index": 0, **form.first, "finish_reason": None}]}
    for text, _, end in told:
        if text:
            yield {**head, "choices": [{"index": 0, **form.part(text), "finish_reason": None}]}
        if end is not None:
            last = {"index": 0, **form.part(""), "finish_reason": _reason(end)}
            yield {**head, "choices": [last], "usage": _usage(end)}


def _reason(end: Ended) -> str:
    return "length" if end.why == "limit" else "stop"


def _usage(end: Ended) -> dict[str, object]:
    return {
        "prompt_tokens": end.prompt,
        "completion_tokens": end.completion,
        "total_tokens": end.prompt + end.completion,
        "prompt_tokens_details": {"cached_tokens": end.cached},
    }

"""Requests: each is written down before an engine hears of it, and settled before the client hears the end."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from jindou.billing.pricing import Money
from jindou.billing.usage import Admission, Ledger, Opening, Quantities
from jindou.db import Database
from jindou.errors import Cancelled, Invalid, JindouError, Limited, Unavailable
from jindou.identity.keys import KeyHolder
from jindou.models.completions.plan import plan_of, upstream_body, worst_of
from jindou.models.completions.presence import Presence
from jindou.models.completions.relay import Relayed, refusal, relay_stream, relay_whole, spoken
from jindou.models.completions.request import ChatRequest
from jindou.models.completions.speaking import Spoken, speak
from jindou.models.completions.types import Begun, Done, Event, ModelNotAllowed, PassOn, Tell
from jindou.models.deployments import Deployment, Deployments, Picked, prefix_of
from jindou.models.engines import Usage
from jindou.models.gateway import quantities_of
from jindou.models.upstreams import EngineDied, Upstream, Upstreams

__all__ = ["Asked", "Completions"]

_MOST_THREADS: Final = 64
_MOST_WAITING: Final = 64
_MOST_AT_ONCE: Final = 4096
_DRAIN_SECONDS: Final = 30.0
_LOAD_SECONDS: Final = 180.0
_CHAT: Final = "/chat/completions"


class Asked(NamedTuple):
    """A request of any kind. `body` is what an engine that speaks HTTP is sent at `path`.

    `chat` is the same for an engine that does not, or needs the harness; without it such an engine refuses. `thinks`
    says whether a model of this machine thinks aloud before it answers; None leaves that to the model.
    """

    model: str
    path: str
    body: dict[str, Any]
    size: int
    stream: bool
    worst: Quantities | None = None
    chat: ChatRequest | None = None
    thinks: bool | None = None

    @property
    def prefix(self) -> int:
        """A number that requests with the same beginning share; 0 if there is none to share."""
        return prefix_of(self.body.get("messages", ()), self.body.get("tools", ()))

    @classmethod
    def of_chat(cls, request: ChatRequest, size: int, *, thinks: bool | None = None) -> "Asked":
        """Return what a chat request of `size` bytes asks."""
        thinks = request.thinks if thinks is None else thinks
        body = upstream_body(request)
        return cls(request.model, _CHAT, body, size, bool(request.stream), chat=request, thinks=thinks)


class Completions:
    """The models of an installation, asked by programs."""

    def __init__(self, database: Database, deployments: Deployments, ledger: Ledger) -> None:
        self._database = database
        self._deployments = deployments
        self._ledger = ledger
        self._upstreams = Upstreams()
        self._threads = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="completion")
        self._waiting = ThreadPoolExecutor(_MOST_WAITING, thread_name_prefix="engine-wait")
        self._under_way = 0
        self._stopping = False
        self.drain_seconds = _DRAIN_SECONDS

    def list_models(self, holder: KeyHolder) -> list[Deployment]:
        """Return the models that a key is good for.

        Raises:
            ScopeNotAllowed: it is not for asking this.
        """
        holder.require_scope("models")
        return [d for d in self._deployments.list(holder.who.org_id) if holder.may_use(d.name)]

    def get_model(self, holder: KeyHolder, name: str) -> Deployment:
        """Return a model.

        Raises:
            ModelNotFound: there is none of that name.
            ModelNotAllowed: the key is not for it.
        """
        deployment = self._deployments.get(holder.who.org_id, name)
        if not holder.may_use(name):
            raise ModelNotAllowed(f"This key is not for the model `{name}`.", rules=["jindou.key-models"])
        return deployment

    async def make(
        self, holder: KeyHolder, asked: Asked, tell: Tell, presence: Presence, pass_on: PassOn | None = None
    ) -> None:
        """Make a completion, and tell its events. What is used is metered also when nobody listens any more.

        An engine that speaks OpenAI's language is handed to `pass_on` as it is; without that, what it says is told.

        Raises:
            ModelNotFound, ModelNotAllowed: as `get_model` says.
            Forbidden: a rule says no.
            Invalid: the request can't be carried out.
            BudgetExceeded, RateLimited: a limit has no room for it.
            Limited: too many are under way.
            EngineUnavailable, EngineDied, EngineRefused, ContextOverflow: what the engines said.
        """
        holder.require_allowed()
        holder.require_scope("completions")
        deployment = self.get_model(holder, asked.model)
        if self._stopping or self._under_way >= _MOST_AT_ONCE:
            raise Limited(f"{_MOST_AT_ONCE} completions are under way; try again.", retry_after=1.0)
        self._under_way += 1
        try:
            await _Making(self, holder, deployment, asked, tell, presence, pass_on).run()
        finally:
            self._under_way -= 1

    def stop(self, seconds: float) -> None:
        """Give those under way `seconds` to end, then break them off; what they used is unknown then, and held.

        Call it outside the event loop in which they are.
        """
        deadline = time.monotonic() + seconds
        while self._under_way and time.monotonic() < deadline:
            time.sleep(0.05)
        self._stopping = True
        self._waiting.shutdown(wait=False, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def must_end(self) -> bool:
        """Whether everything has to be broken off."""
        return self._stopping

    @property
    def database(self) -> Database:
        """Where the time comes from."""
        return self._database

    @property
    def deployments(self) -> Deployments:
        """Who answers."""
        return self._deployments

    @property
    def ledger(self) -> Ledger:
        """Where it is written down."""
        return self._ledger

    @property
    def upstreams(self) -> Upstreams:
        """The way to engines that speak HTTP."""
        return self._upstreams

    @property
    def threads(self) -> ThreadPoolExecutor:
        """Where the harness works."""
        return self._threads

    @property
    def waiting(self) -> ThreadPoolExecutor:
        """Where requests wait until a model is loaded: apart, so that it holds up nothing else."""
        return self._waiting


@dataclass(slots=True)
class _Making:
    """One completion in the making."""

    rooms: Completions
    holder: KeyHolder
    deployment: Deployment
    asked: Asked
    tell: Tell
    presence: Presence
    pass_on: PassOn | None
    tried: tuple[str, ...] = ()
    begun: Begun | None = None
    admission: Admission | None = None
    has_died: bool = False
    reasons: tuple[tuple[int, str], ...] = ()
    """Which choices ended, and why, where the engine's own words for it are not passed on."""

    async def run(self) -> None:
        """Ask one engine after the other until one begins to answer."""
        failure: JindouError | None = None
        prefix = self.asked.prefix if self.deployment.has_choice else 0
        while True:
            try:
                picked = self.rooms.deployments.pick(self.holder.who.org_id, self.asked.model, prefix, self.tried)
            except Unavailable as error:
                raise failure or error from None
            with picked:
                try:
                    await self._ask(picked)
                except (Unavailable, Limited) as error:
                    died, has_died = isinstance(error, EngineDied), self.has_died
                    # A request that a second engine dies of is not to be the end of all of them.
                    if self.begun is not None or self.admission is None or (died and has_died):
                        raise
                    self.has_died = has_died or died
                    failure, self.admission, self.reasons = error, None, ()
                    self.tried += (picked.engine_id,)
                    continue
            return

    async def _ask(self, picked: Picked) -> None:
        """Open an attempt, have the engine answer, close the attempt, and only then tell the end."""
        harnessed = self._needs_harness(picked)
        self.admission = admission = await self.rooms.ledger.open(self._opening(picked, harnessed=harnessed))
        attempt = admission.attempt_id
        # Until an engine hears of it there is nothing to count, however it fails.
        unsaid: Usage | None = Usage()
        end: Relayed | Spoken
        try:
            upstream = await self._come(picked, harnessed=harnessed)
            body = self._body(picked) if upstream is not None else b""
            unsaid = None
            end = await (self._relay(picked, upstream, body) if upstream is not None else self._speak(picked, attempt))
        except (EngineDied, Cancelled) as error:
            if isinstance(error, EngineDied):
                picked.failed(error)
            await self._close(attempt, picked, unsaid, error.message)
            raise
        except JindouError as error:
            if isinstance(error, Unavailable | Limited):
                picked.failed(error)
            # It said no before it wrote anything, so there is nothing to count.
            await self._close(attempt, picked, Usage(), error.message)
            raise
        except BaseException:
            await self._close(attempt, picked, unsaid, "The request was broken off.")
            raise
        await self._end(attempt, picked, end)

    async def _end(self, attempt: str, picked: Picked, end: Relayed | Spoken) -> None:
        if isinstance(end, Spoken) and end.error is not None:
            await self._close(attempt, picked, end.used if end.is_known else None, str(end.error))
            if isinstance(end.error, Unavailable | Limited):
                picked.failed(end.error)
            raise end.error
        used = end.usage if isinstance(end, Relayed) else end.used if end.is_known else None
        cost = await self._close(attempt, picked, used, "The engine did not say what it used.")
        picked.succeeded()
        reasons = tuple([reason for _, reason in sorted(self.reasons)]) or end.finish_reasons
        await self._tell(Done(used or Usage(), reasons, cost))

    async def _come(self, picked: Picked, *, harnessed: bool) -> Upstream | None:
        """Wait as long as the client does until the engine can be asked; return where, unless the harness asks it."""
        if self.presence.is_over:
            picked.give_up()
        picked.require_wanted()
        upstream = None if harnessed else picked.upstream
        if upstream is not None:
            return upstream
        self.presence.when_over(picked.give_up)
        if not harnessed:
            return await picked.ready(self.rooms.waiting, _LOAD_SECONDS)
        await picked.in_turn(_LOAD_SECONDS)
        return None

    def _body(self, picked: Picked) -> bytes:
        if picked.dialect == "llamacpp" and (self.asked.body.get("n") or 1) > 1:
            raise Invalid("A local model writes one text at a time: ask again for another.", field="n", rule="1")
        try:
            return msgspec.json.encode(picked.dress(self.asked.body, thinks=self.asked.thinks))
        except RecursionError:
            raise Invalid("The body is nested too deep.", rule="nesting") from None

    async def _relay(self, picked: Picked, upstream: Upstream, body: bytes) -> Relayed:
        reply = await self.rooms.upstreams.post(upstream, self.asked.path, body, stream=self.asked.stream)
        self.presence.when_over(lambda: reply.hurry(self.rooms.drain_seconds))
        try:
            await reply.answered()
            error = await refusal(reply, upstream, picked.model)
            if error is not None:
                raise error
            relay = relay_stream if self.asked.stream else relay_whole
            return await relay(reply, self._begin, self.pass_on or self._translate)
        finally:
            reply.close()

    async def _speak(self, picked: Picked, attempt: str) -> Spoken:
        if self.asked.chat is None:
            told = f"The engine of `{self.asked.model}` can't do this."
            raise Invalid(told, field="model", rule="an engine that speaks HTTP")
        return await speak(
            self.rooms.threads,
            picked.engine,
            partial(plan_of, self.asked.chat, self.deployment.context_tokens),
            attempt.rpartition("_")[2],
            self._tell,
            presence=self.presence,
            must_end=lambda: self.rooms.must_end,
            drain_seconds=self.rooms.drain_seconds,
        )

    async def _translate(self, chunks: Sequence[bytes]) -> None:
        """Tell what an engine says instead of passing it on."""
        for choices in chunks:
            events, reasons = spoken(choices, whole=not self.asked.stream)
            self.reasons += tuple(reasons.items())
            for event in events:
                await self._tell(event)

    async def _tell(self, event: Event) -> None:
        if self.begun is None:
            await self._begin()
        waits = self.tell(event)
        if waits is not None:
            await waits

    async def _begin(self) -> None:
        admission = self.admission
        assert admission is not None  # noqa: S101 - nothing is told before it is written down
        now = self.rooms.database.clock.now()
        self.begun = Begun(admission.attempt_id, self.asked.model, now, admission.limits, admission.warnings)
        waits = self.tell(self.begun)
        if waits is not None:
            await waits

    def _needs_harness(self, picked: Picked) -> bool:
        """Tools need it where the model writes its calls as text; a schema where the engine may drop it silently."""
        chat = self.asked.chat
        if chat is None or picked.dialect == "engine":
            return picked.dialect == "engine"
        tools = bool(chat.tools)
        schema = chat.response_format is not None and chat.response_format.type != "text"
        # Of several choices llama.cpp counts the tokens of one; beside a schema it lets nothing be called.
        if picked.dialect == "llamacpp" and ((chat.n or 1) > 1 or (tools and schema) or chat.has_to_call):
            return True
        return not picked.native_tools and (tools or schema)

    def _opening(self, picked: Picked, *, harnessed: bool) -> Opening:
        who = self.holder.who
        worst = self.asked.worst
        if self.asked.chat is not None:
            most = self.rooms.deployments.most_prompt(self.deployment)
            context = self.deployment.context_tokens
            worst = worst_of(self.asked.chat, self.asked.size, context, most_prompt=most, harnessed=harnessed)
        return Opening(
            org_id=who.org_id,
            person_id=who.person_id,
            key_id=self.holder.key_id,
            assistant=self.holder.assistant,
            skus=self.deployment.skus,
            worst=worst or Quantities(),
            deployment=self.deployment.name,
            engine=picked.engine_id,
        )

    async def _close(self, attempt: str, picked: Picked, used: Usage | None, reason: str) -> Money | None:
        """Write down what was used; None is unknown. A failure here is ours: it must not hide what went before."""
        ledger = self.rooms.ledger
        if used is None:
            await ledger.lose(attempt, reason)
            return None
        if not used.prompt and not used.completion:
            await ledger.void(attempt, reason)
            return None
        quantities = quantities_of(used)
        return await ledger.settle(attempt, quantities, picked.sku)

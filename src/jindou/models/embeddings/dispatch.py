"""Requests for embeddings: each is written down before a model hears of it, and settled before its caller hears."""

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from jindou.billing.budgets import LimitState
from jindou.billing.usage import Admission, Ledger, Opening, Quantities
from jindou.errors import Invalid, JindouError, Limited, Unavailable
from jindou.identity.keys import KeyHolder
from jindou.models.deployments import Deployments, Picked
from jindou.models.embeddings.local import EmbeddingChild
from jindou.models.embeddings.remote import RemoteEmbedder
from jindou.models.embeddings.request import EmbeddingRequest
from jindou.models.embeddings.types import (
    Embedded,
    Embedder,
    ModelNotAllowed,
    NoEmbeddings,
    Vector,
)
from jindou.models.embeddings.vectors import shortened
from jindou.models.upstreams import EngineDied
from jindou.telemetry import Clock, get_logger

__all__ = ["Embeddings", "Made"]

WhenLeft = Callable[[Callable[[], None]], None]
_Failure = Limited | Unavailable

_MOST_THREADS: Final = 8
_MOST_WAITING: Final = 32
_MOST_AT_ONCE: Final = 256
_LOAD_SECONDS: Final = 120.0
_MOST_DEATHS: Final = 2
"""So many engines may die of one request."""
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """Embeddings, and what the ledger says of them: `id` is their row there."""

    id: str
    model: str
    created: datetime
    vectors: list[Vector]
    tokens: int
    limits: tuple[LimitState, ...]
    warnings: tuple[LimitState, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """Who makes them, and how that is billed. One that was `picked` is told how it went."""

    embedder: Embedder
    sku: str
    skus: tuple[str, ...]
    engine: str
    picked: Picked | None = None


class Embeddings:
    """The embedding models of an installation: its own, and those that its deployments reach."""

    def __init__(
        self,
        own: Sequence[Embedder],
        deployments: Deployments,
        ledger: Ledger,
        clock: Clock,
        *,
        child: EmbeddingChild | None = None,
        load: Callable[[], None] | None = None,
    ) -> None:
        self._own = {embedder.name: embedder for embedder in own}
        self._deployments = deployments
        self._ledger = ledger
        self._clock = clock
        self._threads = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="embeddings")
        self._waiting = ThreadPoolExecutor(_MOST_WAITING, thread_name_prefix="embeddings-wait")
        self._under_way = 0
        self._load = load
        self.child = child
        """The process with our own model, if it is ours to start and to stop."""

    def start(self) -> None:
        """Begin to load our own model, in the background."""
        if self._load is not None:
            threading.Thread(target=self._load_now, args=(self._load,), name="embeddings-load", daemon=True).start()

    @property
    def names(self) -> Collection[str]:
        """The names of our own models."""
        return self._own.keys()

    def list_models(self, holder: KeyHolder) -> list[str]:
        """Return our own models that a key is good for."""
        return [name for name in self._own if holder.may_use(name)]

    async def make(self, holder: KeyHolder, request: EmbeddingRequest, when_left: WhenLeft = lambda _: None) -> Made:
        """Make embeddings. They are in the ledger when this returns, also if nobody waits for them any more.

        `when_left` has something done once nobody does; then it waits for no engine any more.

        Raises:
            ModelNotFound, ModelNotAllowed: there is no such model, or not for this key.
            Forbidden: a rule says no.
            Invalid: the request can't be carried out, or an engine can't do it.
            TextTooLong: a text does not fit.
            BudgetExceeded, RateLimited: a limit has no room for it.
            Limited: too many are under way.
            Cancelled: nobody waited any more while an engine was busy.
            EmbedderUnavailable, EngineUnavailable, EngineLimited, EngineDied: what the models said.
        """
        holder.require_allowed()
        holder.require_scope("embeddings")
        if self._under_way >= _MOST_AT_ONCE:
            raise Limited(f"{_MOST_AT_ONCE} requests for embeddings are under way; try again.", retry_after=1.0)
        self._under_way += 1
        try:
            own = self._own.get(request.model)
            if own is None:
                return await self._make_elsewhere(holder, request, when_left)
            _require_model(holder, request.model)
            sku = f"model:{own.name}"
            made = await self._make(holder, request, _Source(own, sku, (sku,), f"local/{own.name}"))
            if not isinstance(made, Made):
                raise made
            return made
        finally:
            self._under_way -= 1

    def stop(self) -> None:
        """End our own model; what waits for it fails."""
        if self.child is not None:
            self.child.stop()
        self._waiting.shutdown(wait=False, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _load_now(self, load: Callable[[], None]) -> None:
        try:
            load()
        except JindouError as error:
            _log.warning("the embedding model was not loaded", extra={"fields": {"error": error.message}})

    async def _make_elsewhere(self, holder: KeyHolder, request: EmbeddingRequest, when_left: WhenLeft) -> Made:
        """Ask the engines of a deployment, one after the other, until a second one dies: the text may be why."""
        org_id = holder.who.org_id
        skus = self._deployments.get(org_id, request.model).skus
        _require_model(holder, request.model)
        tried: set[str] = set()
        failure: JindouError | None = None
        deaths = 0
        while True:
            try:
                picked = self._deployments.pick(org_id, request.model, 0, tried)
            except (Limited, Unavailable) as error:
                raise failure or error from None
            when_left(picked.give_up)
            with picked:
                made = await self._make_at(holder, request, picked, skus)
            if isinstance(made, Made):
                return made
            deaths += isinstance(made, EngineDied)
            if deaths == _MOST_DEATHS:
                raise made
            failure = made
            tried.add(picked.engine_id)

    async def _make_at(
        self, holder: KeyHolder, request: EmbeddingRequest, picked: Picked, skus: tuple[str, ...]
    ) -> Made | _Failure:
        try:
            source = await _source(picked, request.model, skus, self._waiting)
        except (Limited, Unavailable) as error:
            picked.failed(error)
            return error
        return await self._make(holder, request, source)

    async def _make(self, holder: KeyHolder, request: EmbeddingRequest, source: _Source) -> Made | _Failure:
        """Open an attempt, ask, and close it. Return why a model fails where another one may not.

        What is raised is the caller's fault, or the ledger's: no other model is asked for that.
        """
        _require_dimensions(request, source.embedder)
        admission = await self._ledger.open(_opening(holder, request, source))
        read: list[int] = []
        work = partial(source.embedder.embed, request.texts, request.kind, read.append)
        try:
            made = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except JindouError as error:
            if source.picked is not None:
                source.picked.failed(error)
            await self._close(admission.attempt_id, source, error, sum(read))
            if isinstance(error, Limited | Unavailable):
                return error
            raise
        except BaseException as error:
            await self._ledger.lose(admission.attempt_id, f"The request was broken off ({type(error).__name__}).")
            raise
        if source.picked is not None:
            source.picked.succeeded()
        # Of a model that had to be asked again, what it had read before counts as well.
        used = Quantities(input_tokens=max(made.tokens, sum(read)))
        await self._ledger.settle(admission.attempt_id, used, source.sku)
        return self._told(request, made, admission)

    async def _close(self, attempt_id: str, source: _Source, error: JindouError, read: int) -> None:
        """Write down what a model had `read` that failed: of one that died in the middle, that is not all."""
        if isinstance(error, EngineDied):
            before = f" It had read {read:,} tokens before." if read else ""
            await self._ledger.lose(attempt_id, f"{error.message}{before}")
        elif read:
            await self._ledger.settle(attempt_id, Quantities(input_tokens=read), source.sku)
        else:
            await self._ledger.void(attempt_id, error.message)

    def _told(self, request: EmbeddingRequest, made: Embedded, admission: Admission) -> Made:
        vectors = made.vectors
        if request.dimensions is not None:
            vectors = [shortened(vector, request.dimensions) for vector in vectors]
        now = self._clock.now()
        return Made(
            admission.attempt_id, request.model, now, vectors, made.tokens, admission.limits, admission.warnings
        )


async def _source(picked: Picked, name: str, skus: tuple[str, ...], pool: ThreadPoolExecutor) -> _Source:
    if picked.dialect != "openai":
        raise NoEmbeddings(f"`{name}` writes text; it makes no embeddings.", field="model", rule="an embedding model")
    picked.require_wanted()
    upstream = picked.upstream
    if upstream is None:
        upstream = await picked.ready(pool, _LOAD_SECONDS)
    return _Source(RemoteEmbedder(name, upstream, picked.model), picked.sku, skus, picked.engine_id, picked)


def _require_model(holder: KeyHolder, name: str) -> None:
    if not holder.may_use(name):
        raise ModelNotAllowed(f"This key is not for the model `{name}`.", rules=["jindou.key-models"])


def _require_dimensions(request: EmbeddingRequest, embedder: Embedder) -> None:
    wanted, has = request.dimensions, embedder.dimensions
    if wanted is None or wanted == has:
        return
    if has and (wanted > has or not embedder.shortens):
        told = f"`{embedder.name}` makes vectors of {has} numbers" + (", or fewer." if embedder.shortens else ".")
        raise Invalid(f"Invalid value for 'dimensions': {told}", field="dimensions", rule=f"{has}")
    if not has and not embedder.shortens:
        told = f"nobody says that vectors of `{embedder.name}` can be shortened"
        raise Invalid(f"Invalid value for 'dimensions': {told}.", field="dimensions", rule="left out")


def _opening(holder: KeyHolder, request: EmbeddingRequest, source: _Source) -> Opening:
    most = source.embedder.max_tokens
    # A token has a byte at least; what the model is told beside a text is less than this.
    bytes_ = [len(text.encode("utf-8", "replace")) + 100 for text in request.texts]
    return Opening(
        org_id=holder.who.org_id,
        person_id=holder.who.person_id,
        key_id=holder.key_id,
        assistant=holder.assistant,
        skus=source.skus,
        worst=Quantities(input_tokens=sum(min(count, most) if most else count for count in bytes_)),
        deployment=request.model,
        engine=source.engine,
    )

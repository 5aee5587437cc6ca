"""A platform whose model says one thing after the other, and the moves of its people in one word each."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select, text

from jindou.agents.approvals import Approval, Delegation, Foreseen, NewDelegation, Verdict
from jindou.agents.assistants.types import ApprovalLevel, Limits
from jindou.agents.runs import Run, RunDetail, RunEvent, StartRun, UndoPlan
from jindou.assembly import Platform
from jindou.durable.queue import Lease
from jindou.identity.principals import Principal
from jindou.identity.principals.tables import PersonRow
from jindou.models.engines import Engine
from support.platform import FakeClock, as_person, open_platform, run_to_rest
from support.scripted import ScriptedEngine

__all__ = ["ORDER", "Desk", "open_desk", "saying"]

ORDER = "SO-10007"


class saying:  # noqa: N801 - it is used as a function is
    """A script that says `texts` one after the other, the last one for ever."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def __call__(self, _messages: Sequence[dict[str, object]]) -> str:
        return self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]


class Desk:
    """The demo company at work."""

    def __init__(
        self, platform: Platform, engine: ScriptedEngine | None, clock: FakeClock, script: saying | None
    ) -> None:
        self._script = script
        self.platform = platform
        self.engine = engine
        self.clock = clock
        self.clerk = as_person(platform, "clerk")
        self.warehouse = as_person(platform, "warehouse")
        self.manager = as_person(platform, "manager")
        self.finance = as_person(platform, "finance")

    def let_say(self, *texts: str) -> None:
        """Have the model say `texts` from now on."""
        assert self._script is not None
        self._script.texts[:] = texts

    def let_ask(self, level: ApprovalLevel) -> None:
        """Have the assistant ask before what it changes, as its folder could say."""
        self.platform.assistants.get("after-sales").approvals = level

    def let_change(self, effects: int) -> None:
        """Have the assistant change that much in one run, as its folder could say."""
        self.platform.assistants.get("after-sales").limits = Limits(effects=effects)

    def start(self, message: str, who: Principal | None = None, conversation_id: str | None = None) -> Run:
        """Begin a run and leave it in the queue."""
        who = who or self.clerk
        asked = StartRun(message=message, conversation_id=conversation_id)
        with self.platform.database.writing(who.org_id) as work:
            return self.platform.runs.start(work, who, asked)

    def ask(self, message: str, who: Principal | None = None, conversation_id: str | None = None) -> RunDetail:
        """Begin a run and move it on until it is over or waits."""
        return self.move_on(self.start(message, who, conversation_id).id, who)

    def move_on(self, run_id: str, who: Principal | None = None) -> RunDetail:
        """Move a run on until it is over or waits."""
        self.clock.move(timedelta(milliseconds=1))
        return run_to_rest(self.platform, who or self.clerk, run_id=run_id)

    def claim(self) -> Lease:
        """Take the next run as a worker does."""
        with self.platform.database.writing(None) as work:
            lease = self.platform.queue.claim(work, ("run",))
        assert lease is not None
        return lease

    def get(self, run_id: str, who: Principal | None = None) -> RunDetail:
        """Return a run as somebody sees it."""
        who = who or self.clerk
        with self.platform.database.reading(who.org_id) as work:
            return self.platform.runs.get(work, who, run_id)

    def events(self, run_id: str) -> list[RunEvent]:
        """Return the events of a run of the clerk's."""
        with self.platform.database.reading(self.clerk.org_id) as work:
            return self.platform.runs.events(work, self.clerk, run_id)

    def notices(self, run_id: str) -> list[object]:
        """Return the codes of a run's notices."""
        return [event.data["code"] for event in self.events(run_id) if event.type == "run.notice"]

    def cancel(self, run_id: str, who: Principal | None = None) -> Run:
        """Ask a run to stop."""
        who = who or self.clerk
        with self.platform.database.writing(who.org_id) as work:
            return self.platform.runs.control.cancel(work, who, run_id)

    def inbox(self, who: Principal | None = None, status: str | None = None) -> list[Approval]:
        """Return what somebody asked for or may decide."""
        who = who or self.manager
        with self.platform.database.reading(who.org_id) as work:
            return self.platform.approvals.list_approvals(work, who, status)

    def approve(self, approval_id: str, who: Principal | None = None) -> Approval:
        """Say yes."""
        return self._decide(approval_id, who or self.manager, Verdict(decision="approve"))

    def approve_with(self, approval_id: str, arguments: Mapping[str, object], who: Principal | None = None) -> Approval:
        """Say yes to other arguments."""
        return self._decide(approval_id, who or self.manager, Verdict(decision="approve", arguments=dict(arguments)))

    def decide(self, approval_id: str, who: Principal | None = None, **verdict: Any) -> Approval:
        """Approve, or whatever else the verdict says."""
        return self._decide(
            approval_id, who or self.manager, Verdict.model_validate({"decision": "approve", **verdict})
        )

    def hand_on(
        self, to: str, who: Principal | None = None, *, tool: str | None = None, assistant: str | None = None
    ) -> Delegation:
        """Hand somebody's right to decide to the person called `to`, for a day."""
        who = who or self.manager
        ends_at = self.clock.now() + timedelta(days=1)
        new = NewDelegation(to=to, ends_at=ends_at, tool=tool, assistant=assistant)
        with self.platform.database.writing(who.org_id) as work:
            return self.platform.approvals.delegations.create(work, who, new)

    def plan_undo(self, run_id: str, who: Principal | None = None) -> UndoPlan:
        """Return what undoing a run would do."""
        who = who or self.clerk
        with self.platform.database.reading(who.org_id) as work:
            return self.platform.runs.plan_undo(work, who, run_id)

    def undo(self, run_id: str, who: Principal | None = None) -> RunDetail:
        """Undo a run, and move the undo on until it is over or waits."""
        who = who or self.clerk
        with self.platform.database.writing(who.org_id) as work:
            undo = self.platform.runs.undo(work, who, run_id)
        return self.move_on(undo.id, who)

    def deny(self, approval_id: str, reason: str, who: Principal | None = None) -> Approval:
        """Say no."""
        return self._decide(approval_id, who or self.manager, Verdict(decision="deny", reason=reason))

    def let_expire(self) -> None:
        """Let the time for every approval pass, and have the queue notice."""
        self.clock.move(timedelta(hours=self.platform.settings.approval_hours))
        with self.platform.database.writing(None) as work:
            lease = self.platform.queue.claim(work, ("approval.expire",))
        assert lease is not None
        self.platform.approvals.expire(self.platform.database, lease)

    def give_roles(self, who: Principal, *roles: str) -> None:
        """Change somebody's roles."""
        with self.platform.database.writing(None) as work:
            work.session.scalars(select(PersonRow).where(PersonRow.id == who.person_id)).one().roles = list(roles)

    def refunds(self, order: str = ORDER) -> list[int]:
        """Return the refunds on an order, in micro-units."""
        rows = self._shop("SELECT amount FROM refund WHERE order_id = :order ORDER BY id", {"order": order})
        return [row[0] for row in rows]

    def refund_behind_our_back(self, micro: int, order: str = ORDER) -> None:
        """Refund on an order past the platform, as another system of the shop could."""
        self._shop(
            "INSERT INTO refund (order_id, amount, reason, by_name, at) "
            "VALUES (:order, :micro, 'by phone', 'Somebody', '2026-03-02T09:00:00') RETURNING id",
            {"micro": micro, "order": order},
        )

    def address(self, order: str) -> str:
        """Return where an order is to be sent."""
        return self._shop("SELECT address FROM sales_order WHERE id = :order", {"order": order})[0][0]

    def drafts(self, order: str) -> list[str]:
        """Return the drafts to the customer of an order."""
        return [row[0] for row in self._shop("SELECT text FROM reply WHERE order_id = :order", {"order": order})]

    def readdress_behind_our_back(self, order: str, address: str) -> None:
        """Change an address past the platform."""
        values: dict[str, object] = {"order": order, "address": address}
        self._shop("UPDATE sales_order SET address = :address WHERE id = :order RETURNING id", values)

    def audited(self) -> list[tuple[str, str, list[str]]]:
        """Return action, decision and rules of every event of the trail, the oldest first."""
        with self.platform.database.reading(self.manager.org_id) as work:
            assert self.platform.audit.verify(work, self.manager).ok
            events = self.platform.audit.search(work, self.manager)
        return [(event.action, event.decision, event.rules) for event in reversed(events)]

    def _decide(self, approval_id: str, who: Principal, verdict: Verdict) -> Approval:
        foreseen = self.foresee(approval_id, who, verdict)
        foreseen.require(approval_id)
        with self.platform.database.writing(who.org_id) as work:
            return self.platform.approvals.decide(work, who, approval_id, verdict, foreseen)

    def foresee(self, approval_id: str, who: Principal, verdict: Verdict) -> Foreseen:
        """Find out what a door does before somebody decides."""
        return self.platform.approvals.foresight.foresee(self.platform.database, who, [approval_id], verdict)

    def _shop(self, statement: str, values: dict[str, object]) -> list[Any]:
        engine = create_engine(f"sqlite:///{self.platform.home.packs / 'ecommerce' / 'shop.db'}")
        with engine.begin() as connection:
            rows = list(connection.execute(text(statement), {"order": ORDER, **values}))
        engine.dispose()
        return rows


@contextmanager
def open_desk(home: Path, *texts: str, engine: Engine | None = None, **settings: object) -> Generator[Desk]:
    """Open the demo company in `home`, with a model that says `texts`, or with `engine`."""
    script = saying(*(texts or ("Hello.",)))
    scripted = None if engine else ScriptedEngine(script)
    clock = FakeClock()
    with open_platform(home, script, clock, engine or scripted, **settings) as platform:
        yield Desk(platform, scripted, clock, script)

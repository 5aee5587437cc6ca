"""A few companies on one installation, with people of every role, and something of each kind that is theirs."""

import json
import random
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from support.access.doors import Wire, serving
from support.access.oracle import READS, Grant, Handed, Row, Someone
from support.desk import saying
from support.homes import make_home
from support.platform import FakeClock, open_platform
from support.scripted import ScriptedEngine, call

__all__ = ["ASSISTANT", "EVERYTHING", "MARK", "Company", "open_company"]

ASSISTANT = "after-sales"
MARK = "mark"
"""What the words begin with that stand in one run alone."""

_OTHERS = ("Tower Lamps", "Bridge Lamps")
_ROLES = ("clerk", "manager", "warehouse", "finance", "administrator")
_FIXED: Mapping[str, tuple[str, ...]] = {
    "anna": ("clerk",),
    "boris": ("clerk",),
    "carla": ("manager",),
    "dan": ("manager", "clerk"),
    "emil": ("finance",),
    "fritz": ("warehouse",),
    "gina": ("warehouse", "clerk"),
    "hugo": (),
    "ines": (),
    "gone": ("clerk", "manager"),
}
_GUESSED = ("kim", "lou", "mia")
_TEAMS: Mapping[str, tuple[str, ...]] = {"Night shift": ("finance",), "Front desk": ("clerk",), "Choir": ()}
_REFUND = {"order_id": "SO-10234", "amount": 60, "reason": "a crack"}
_MOVE = {"order_id": "SO-10962", "address": "Far Away Street, Nowhere"}
EVERYTHING = Grant((*sorted(READS), "refund_order", "change_address", "draft_reply"), "rules")
"""The assistant as it comes, which nobody but a case about its calls changes."""


class Company:
    """The installation as the fuzz knows it: `people` and `rows` by what the doors said when they were made."""

    def __init__(self, wire: Wire, script: saying, clock: FakeClock, dice: random.Random) -> None:
        self.wire = wire
        self.platform = wire.platform
        self.people: list[Someone] = []
        self.rows: list[Row] = []
        self.marks: dict[str, Row] = {}
        self.handed: list[Handed] = []
        self.secrets: dict[str, tuple[Someone, str]] = {}
        self.clock = clock
        self._script = script
        self._dice = dice
        self._numbers = count(10_000)
        self._tokens: dict[str, str] = {}
        self._org_ids: dict[str, str] = {}

    def people_of(self, org: str) -> list[Someone]:
        """Return the active people of a company."""
        return [one for one in self.people if one.org == org and one.active and one.id.startswith("prs_")]

    def active(self) -> list[Someone]:
        """Return everybody who can sign in."""
        return [one for org in self._org_ids for one in self.people_of(org)]

    def of_kind(self, kind: str) -> list[Row]:
        """Return every row of a kind."""
        return [row for row in self.rows if row.kind == kind]

    def known(self, id_: str) -> Row | None:
        """Return what an id or a mark in an answer belongs to, if the fuzz made it."""
        return self.marks.get(id_)

    def headers(self, who: Someone) -> dict[str, str]:
        """Return the headers of a session of somebody's."""
        if who.id not in self._tokens:
            asked = {"person": who.handle, "organisation": self._org_ids[who.org]}
            self._tokens[who.id] = self.wire.operator("POST", "/api/sessions", asked)["token"]
        return {"Authorization": f"Bearer {self._tokens[who.id]}"}

    def assist(self, grant: Grant) -> None:
        """Have the assistant be one with these tools, which asks at this level, as its folder could say."""
        assistant = self.platform.assistants.get(ASSISTANT)
        assistant.tools, assistant.approvals = list(grant.tools), grant.level

    def let_say(self, *texts: str) -> None:
        """Have the model say one text after the other, once nobody else waits for it."""
        self.move_on()
        self._script.texts[:] = texts

    def move_on(self) -> None:
        """Do what is in the queue of runs, as a worker does."""
        while True:
            with self.platform.database.writing(None) as work:
                lease = self.platform.queue.claim(work, ("run",))
            if lease is None:
                return
            self.platform.runner.run(lease)

    def shop(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the shop's database, past the platform."""
        return _read(self.platform.home.packs / "ecommerce" / "shop.db", query, *values)

    def kept(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the platform's database, past the platform."""
        return _read(self.platform.home.database, query, *values)

    def org_id(self, org: str) -> str:
        """Return the id of a company."""
        return self._org_ids[org]

    def settle(self, others: int, owners: int | None) -> None:
        """Make the companies, their people, and what belongs to so many of each."""
        self._org_ids["Somersault"] = self.kept("SELECT id FROM organisation")[0][0]
        for name in _OTHERS[:others]:
            asked = {"name": name, "administrator": "chief", "administrator_name": "Chi Efe"}
            self._org_ids[name] = self.wire.operator("POST", "/api/organisations", asked)["id"]
        for org, org_id in self._org_ids.items():
            for id_, handle, name, roles in self.kept(
                "SELECT id, handle, name, roles FROM person WHERE org_id = ?", org_id
            ):
                self.people.append(Someone(id_, handle, name, org, frozenset(_list(roles))))
            self._hire(org)
            for who in self.people_of(org)[:owners]:
                self._own(who)
            self._ask_for_approval(org)
            self._share(org)
        # The keys that were made for a day are over by now, and so is every session.
        self.clock.move(timedelta(days=2))
        self._tokens.clear()
        self.marks |= {row.id: row for row in self.rows}

    def add(self, kind: str, id_: str, org: str, owner: str = "", asked: Sequence[str] = ()) -> Row:
        """Know of a row."""
        row = Row(kind, id_, org, owner, tuple(asked), tuple(one for one in self.handed if one.owner.org == org))
        self.rows.append(row)
        return row

    def _post(self, who: Someone, path: str, body: object = None) -> Any:
        answer = self.wire.send("POST", path, self.headers(who), body)
        if answer.status >= 300:
            raise RuntimeError(f"{who}: POST {path}: {answer.status} {answer.text}")
        return answer.json

    def _hire(self, org: str) -> None:
        chief = next(one for one in self.people if one.org == org and "administrator" in one.roles)
        roles: dict[str, tuple[str, ...]] = {**_FIXED} | {
            handle: tuple(self._dice.sample(_ROLES, self._dice.randrange(3))) for handle in _GUESSED
        }
        hired: dict[str, str] = {}
        for handle, own in roles.items():
            told = {"handle": handle, "name": f"{handle.title()} of {org.split(maxsplit=1)[0]}", "roles": list(own)}
            hired[handle] = self._post(chief, "/api/people", told)["id"]
        by_team: dict[str, set[str]] = {handle: set(own) for handle, own in roles.items()}
        for name, gives in _TEAMS.items():
            members = self._dice.sample(["hugo", "ines", *_GUESSED], 2)
            told = {"name": name, "roles": list(gives), "members": [hired[handle] for handle in members]}
            self.add("team", self._post(chief, "/api/teams", told)["id"], org)
            for handle in members:
                by_team[handle] |= set(gives)
        self._post(chief, f"/api/people/{hired['gone']}/deactivation")
        for handle, id_ in hired.items():
            name = f"{handle.title()} of {org.split(maxsplit=1)[0]}"
            self.people.append(Someone(id_, handle, name, org, frozenset(by_team[handle]), active=handle != "gone"))
        self.rows += [
            Row("person" if one.active else "leaver", one.id, org, one.id) for one in self.people if one.org == org
        ]
        self._employ(org, chief)

    def _employ(self, org: str, chief: Someone) -> None:
        """Make a service account, with a key for provisioning."""
        told = {"handle": "robot", "name": "Robot", "roles": ["administrator"]}
        id_ = self._post(chief, "/api/service-accounts", told)["id"]
        robot = Someone(id_, "robot", "Robot", org, frozenset({"administrator"}))
        self.people.append(robot)
        self.add("service", id_, org)
        key = self._post(chief, f"/api/service-accounts/{id_}/keys", {"name": "scim", "scopes": ["scim"]})
        self.add("service_key", key["id"], org)
        self.secrets[key["secret"]] = (robot, "scim")

    def _own(self, who: Someone) -> None:
        """Give somebody a run and its conversation, keys of every state, secrets and a budget."""
        self._run(who, "Good morning.")
        for state, further in (("good", {}), ("models", {"scopes": ["models"]}), ("over", {"days": 1}), ("gone", {})):
            key = self._post(who, "/api/keys", {"name": state, **further})
            if state == "gone":
                self._post(who, f"/api/keys/{key['id']}/revocation")
            self.add("gone_key" if state == "gone" else "key", key["id"], who.org, who.id)
            self.secrets[key["secret"]] = (who, state)
        for name in ("erp", "old-erp"):
            secret = self._post(who, "/api/secrets", {"name": name, "value": f"{MARK}-of-{who.handle}-{name}"})
            if name == "old-erp":
                self._post(who, f"/api/secrets/{secret['id']}/revocation")
            self.add("secret" if name == "erp" else "gone_secret", secret["id"], who.org, who.id)

    def _run(self, who: Someone, *says: str, asked: Sequence[str] = ()) -> str:
        mark = f"{MARK}{next(self._numbers)}"
        self.let_say(*says)
        run = self._post(who, "/api/runs", {"message": f"Look at {mark}, SO-10234 and SO-10962: 60, another street."})
        self.move_on()
        self.marks[mark] = row = self.add("run", run["id"], who.org, who.id, asked)
        self.add("conversation", run["conversation_id"], row.org, row.owner, asked)
        return run["id"]

    def _ask_for_approval(self, org: str) -> None:
        """Have clerks wait for an approval; one of each kind is denied, and one goes on waiting."""
        anna, boris, carla, emil, ines = (self._named(org, name) for name in ("anna", "boris", "carla", "emil", "ines"))
        ends_at = (self.clock.now() + timedelta(days=60)).isoformat()
        for owner, to, tool in (
            (carla, ines, None),
            (emil, boris, None),
            (carla, self._named(org, "hugo"), "draft_reply"),
        ):
            told = {"to": to.handle, "ends_at": ends_at, **({"tool": tool} if tool else {})}
            made = self._post(owner, "/api/approvals/delegations", told)
            self.handed.append(Handed(owner, to.id, tool))
            self.rows.append(Row("delegation", made["id"], org, owner.id, (), (Handed(owner, to.id, tool),)))
        for who, tool, arguments, waits in (
            (anna, "refund_order", _REFUND, False),
            (boris, "refund_order", _REFUND, True),
            (anna, "change_address", _MOVE, False),
            (boris, "change_address", _MOVE, False),
        ):
            proposed = call(tool, **arguments)
            run_id = self._run(who, proposed, "It was not done.", asked=[tool])
            approval = self.wire.send("GET", f"/api/runs/{run_id}", self.headers(who)).json["journal"][-1][
                "approval_id"
            ]
            self.add("waiting" if waits else "approval", approval, org, who.id, [tool])
            if not waits:
                self._post(carla, f"/api/approvals/{approval}/decision", {"decision": "deny", "reason": "No."})
                self.move_on()
            else:
                self.rows.remove(next(row for row in self.rows if row.id == run_id))

    def _share(self, org: str) -> None:
        """Set budgets, and put the company's own secrets."""
        carla, anna = self._named(org, "carla"), self._named(org, "anna")
        key = next(row for row in self.rows if row.kind == "key" and row.org == org)
        for scope, scope_id, owner in (
            ("organisation", "", ""),
            ("assistant", ASSISTANT, ""),
            ("person", anna.id, anna.id),
            ("person", carla.id, carla.id),
            ("key", key.id, key.owner),
        ):
            told = {"scope": scope, "scope_id": scope_id, "monthly_micro": 10**12}
            self.add("budget", self._post(carla, "/api/budgets", told)["id"], org, owner)
        for name in ("erp", "old-erp"):
            told = {"name": name, "value": f"{MARK}-of-{org}-{name}", "owner": "organisation"}
            secret = self._post(carla, "/api/secrets", told)
            if name == "old-erp":
                self._post(carla, f"/api/secrets/{secret['id']}/revocation")
            self.add("secret" if name == "erp" else "gone_secret", secret["id"], org)

    def _named(self, org: str, handle: str) -> Someone:
        return next(one for one in self.people if (one.org, one.handle) == (org, handle))


@contextmanager
def open_company(folder: Path, seed: int, *, others: int = 2, owners: int | None = None) -> Generator[Company]:
    """Open the installation in `folder`, settled, with its server on a port of its own.

    It has so many companies beside the first, and in each so many people who own something; all, if none is said.
    """
    script, clock = saying("Good morning."), FakeClock()
    home = make_home(folder)
    with (
        serving() as site,
        open_platform(
            home, script, clock, ScriptedEngine(script), port=site.port, session_hours=1000, approval_hours=1000
        ) as platform,
        site.open(platform) as wire,
    ):
        company = Company(wire, script, clock, random.Random(seed))  # noqa: S311 - who is there, no secret
        company.settle(others, owners)
        yield company


def _read(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def _list(text: str) -> Sequence[str]:

    return json.loads(text)

"""Another organisation on the same installation, with something in every table; and requests made from the document."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from http_door import ASK, Door
from sqlalchemy import select

from jindou.db import Base, Tenant
from jindou.identity.accounts.tables import PasskeyRow
from jindou.identity.policy import PolicyVersionRow
from jindou.identity.principals import Principal
from jindou.identity.sso import NewProvider
from jindou.identity.sso.tables import ProviderRow
from support.platform import run_to_rest

__all__ = ["Request", "ids_of", "nobodys", "ours", "requests_with", "same", "settle", "tables_with_ids"]

Request = tuple[str, str, dict[str, Any], Any]
"""Method, path, query and body."""

_COMPANY = {"name": "Tower Lamps", "administrator": "chief", "administrator_name": "Chi Efe"}
_METHODS = ("get", "post", "put", "patch", "delete")
_TABLES = {
    "account_id": "person",
    "against": "policy_version",
    "approval_id": "approval",
    "attempt_id": "meter_attempt",
    "budget_id": "budget",
    "conversation_id": "conversation",
    "delegation_id": "approval_delegation",
    "key_id": "api_key",
    "number": "policy_version",
    "over": "policy_version",
    "passkey_id": "account_passkey",
    "person_id": "person",
    "provider_id": "sso_provider",
    "run_id": "run",
    "secret_id": "secret",
    "session_id": "session",
    "team_id": "team",
}
"""What an id in a request is of, by its name there."""

_NUMBERS = frozenset({"against", "number", "over"})
"""Places where a number is an id."""

_VERSION = 77_777
"""A version of rules whose number no other text has in it."""

_RULES = {
    "a.cedar": """@id("tower.no-refunds") @reason_en("Nobody refunds at Tower Lamps.") @reason_zh("任何人不得退款。")
    forbid (principal in Role::"clerk", action == Action::"ecommerce::refund_order", resource);"""
}
_CURSORS = frozenset({"after", "before", "id", "members"})
_words = count()


def settle(door: Door) -> str:
    """Make another organisation, and let its people do a little of everything. Returns its id."""
    made = door.client.post("/api/organisations", json=_COMPANY, headers=door.operator).json()
    org_id: str = made["id"]
    chief = _sign_in(door, "chief", org_id)
    people = {
        handle: _post(door, "/api/people", {"handle": handle, "name": handle.title(), "roles": roles}, chief)
        for handle, roles in (("seller", ["clerk"]), ("head", ["manager", "administrator"]))
    }
    _post(door, "/api/teams", {"name": "Night shift", "members": [people["seller"]["id"]]}, chief)
    robot = _post(door, "/api/service-accounts", {"handle": "tower-robot", "name": "Robot"}, chief)
    _post(door, f"/api/service-accounts/{robot['id']}/keys", {"name": "line 3"}, chief)
    seller, head = (_sign_in(door, handle, org_id) for handle in ("seller", "head"))
    run = _post(door, "/api/runs", {"message": ASK}, seller)
    run_to_rest(door.desk.platform, _principal(door, org_id, people["seller"]["id"]), run_id=run["id"])
    approval = door.client.get("/api/approvals", headers=head).json()[0]
    _post(door, f"/api/approvals/{approval['id']}/links", {}, head)
    _post(door, "/api/approvals/delegations", {"to": "chief", "ends_at": "2026-03-03T09:00:00Z"}, head)
    _post(door, "/api/budgets", {"scope": "person", "scope_id": people["seller"]["id"], "rpm": 5}, head)
    door.client.request("PUT", "/api/readings/policy", json={"open": True}, headers=head)
    _post(door, "/api/readings", {"subject": run["id"], "reason": "a complaint of a customer"}, head)
    _post(door, "/api/secrets", {"name": "tower-carrier", "value": "long enough to be one"}, head)
    with door.desk.platform.database.writing(org_id) as work:
        made: dict[str, Any] = {"credential_hash": "0" * 64, "attested": b"", "signatures": 0, "name": "Phone"}
        person_id, now = people["head"]["id"], work.now()
        work.session.add(PasskeyRow(id=work.new_id("psk"), person_id=person_id, org_id=org_id, created_at=now, **made))
    add_provider(door, org_id)
    _post(door, "/api/policies", {"files": _RULES, "note": "No refunds at Tower Lamps"}, head)
    with door.desk.platform.database.writing(org_id) as work:
        version = work.session.scalars(select(PolicyVersionRow)).one()
        version.number = _VERSION
    put = door.client.post(f"/api/policies/{_VERSION}/activation", json={}, headers=chief)
    assert put.json()["active"] == _VERSION, put.text
    door.client.post("/api/sign-in-links", json={"person": "head", "organisation": org_id}, headers=door.operator)
    return org_id


def ids_of(door: Door, org_id: str) -> Mapping[str, str]:
    """Return an id of the organisation from each table whose rows have ids of their own."""
    found: dict[str, str] = {"organisation": org_id, "person.handle": "seller", "policy_version": str(_VERSION)}
    with door.desk.platform.database.reading(None) as work:
        for table, kind in tables_with_ids().items():
            row = work.session.scalars(select(kind.id).where(kind.org_id == org_id)).first()
            if row is not None:
                found[table] = str(row)
    return found


def tables_with_ids() -> Mapping[str, Any]:
    """Return the classes of rows that belong to an organisation and have an id of their own, by their tables."""
    kinds: dict[str, Any] = {str(mapper.local_table): mapper.class_ for mapper in Base.registry.mappers}
    return {name: kind for name, kind in kinds.items() if issubclass(kind, Tenant) and hasattr(kind, "id")}


def ours(door: Door) -> Mapping[str, str]:
    """Return, by the names that paths have for them, ids of what the first organisation has itself."""
    clerk = door.desk.clerk.person_id
    team = door.post("/api/teams", {"name": "Day shift"}, "manager").json()["id"]
    robot = door.post("/api/service-accounts", {"handle": "robot", "name": "Robot"}, "manager").json()["id"]
    run = door.post("/api/runs", {"message": ASK}, "manager").json()["id"]
    provider = add_provider(door, door.desk.clerk.org_id)
    number = str(door.post("/api/policies", {"files": _RULES}, "manager").json()["number"])
    known = {"person_id": clerk, "team_id": team, "account_id": robot, "run_id": run, "provider_id": provider}
    return {**known, "number": number}


def add_provider(door: Door, org_id: str) -> str:
    """Add an identity provider that nobody has to answer for, and return its id."""
    with door.desk.platform.database.writing(org_id) as work:
        now = work.now()
        given = NewProvider(name="Acme", issuer="https://id.acme.example", client_id="jindou")
        row = ProviderRow(
            id=work.new_id("idp"),
            entrance=work.random_token()[:32],
            **given.model_dump(exclude={"client_secret"}),
            has_secret=False,
            enabled=True,
            changed_by="",
            version=1,
            created_at=now,
            updated_at=now,
        )
        work.session.add(row)
    return row.id


def requests_with(
    document: Mapping[str, Any], values: Mapping[str, str], known: Mapping[str, str]
) -> Iterator[tuple[Request, Request, str, tuple[str, str]]]:
    """Yield each request of the API with one of `values` in one place of it, beside the same with one of nobody.

    `known` are the ids in the other places of a path. The value comes with them, and a word that each of both has.
    """
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS and path.startswith("/api/")
    ]
    # What only looks comes first: what is changed afterwards would be found by one of two requests.
    for method, path, operation in sorted(operations, key=lambda one: one[0] != "GET"):
        form = _Form(document, method, path, operation, known)
        for place in form.places():
            for value in _fitting(place, values):
                words = (f"q{next(_words):05d}x", f"q{next(_words):05d}x")
                yield form.fill(place, value, words[0]), form.fill(place, nobodys(value), words[1]), value, words


def _fitting(place: tuple[Any, ...], values: Mapping[str, str]) -> Iterable[str]:
    """Return the values for a place: the one its name speaks of, every one where an id may be, else any two."""
    names = [part for part in place if isinstance(part, str)]
    if names[-1] in _TABLES:
        return [values[_TABLES[names[-1]]]]
    if names[-1].endswith("_id") or names[-1] in _CURSORS:
        return values.values()
    return [values["run"], values["person.handle"]]


def same(text: str, value: str, word: str) -> str:
    """Return an answer without the id that was asked for, and without what each answer has new: ids and counters."""
    plain = text.replace(nobodys(value), "ID").replace(value, "ID").replace(word, "WORD")
    plain = re.sub(r"\b[a-z]{3}_[0-9a-z]{20,}", "<new>", plain)
    plain = re.sub(r"\b(jdk_)?[0-9a-f]{60,}|jdk_[0-9a-f]{8}", "<secret>", plain)
    return re.sub(r"\d+", "0", plain)


def nobodys(value: str) -> str:
    """Return what nobody is called, right beside `value`: a cursor stands at the same place."""
    return str(int(value) + 1) if value.isdecimal() else f"{value}u"


class _Form:
    """One operation of the document, to be filled in."""

    def __init__(
        self,
        document: Mapping[str, Any],
        method: str,
        path: str,
        operation: Mapping[str, Any],
        known: Mapping[str, str],
    ) -> None:
        self._document = document
        self._method = method
        self._path = path
        self._known = known
        parameters = operation.get("parameters", [])
        self._in_path = [one["name"] for one in parameters if one["in"] == "path"]
        self._in_query = [one["name"] for one in parameters if one["in"] == "query" and self._is_place(one)]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        self._schema = content["schema"] if content else None

    def places(self) -> Iterator[tuple[Any, ...]]:
        """Yield every place for a text: in the path, in the query, in the body however deep."""
        yield from (("path", name) for name in self._in_path)
        yield from (("query", name) for name in self._in_query)
        if self._schema is not None:
            yield from (("body", *leaf) for leaf in self._leaves(self._schema))

    def fill(self, place: tuple[Any, ...], value: str, word: str) -> Request:
        """Return the request with `value` in that place, and the least elsewhere."""
        filled = self._path
        for name in self._in_path:
            text = value if place == ("path", name) else self._known.get(name, word)
            filled = filled.replace(f"{{{name}}}", text)
        query = {place[1]: value} if place[0] == "query" else {}
        at = place[1:] if place[0] == "body" else None
        return self._method, filled, query, self._least(self._schema, word, at, value) if self._schema else None

    def _leaves(self, schema: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        plain = self._plain(schema)
        if self._is_text(plain):
            yield ()
        for name, inner in plain.get("properties", {}).items():
            if name in _NUMBERS:
                yield (name,)
            yield from ((name, *leaf) for leaf in self._leaves(inner))
        if "items" in plain:
            yield from ((0, *leaf) for leaf in self._leaves(plain["items"]))

    def _least(self, schema: Mapping[str, Any], word: str, at: tuple[Any, ...] | None, value: str) -> Any:
        plain = self._plain(schema)
        if at == ():
            return value
        if "properties" in plain:
            names = {*plain.get("required", ()), *(at or ())[:1]}
            return {
                name: self._least(plain["properties"][name], word, at[1:] if at and at[0] == name else None, value)
                for name in plain["properties"]
                if name in names
            }
        if plain.get("type") == "array":
            return (
                [self._least(plain["items"], word, at[1:] if at else None, value)] if at or "minItems" in plain else []
            )
        if "enum" in plain:
            return plain["enum"][0]
        if plain.get("format") == "date-time":
            return "2026-03-03T09:00:00Z"
        plains: dict[str, Any] = {"string": word, "boolean": False, "object": {}}
        return plains.get(plain.get("type", ""), max(1, plain.get("minimum", 1)))

    def _plain(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema without its detours: a reference, or a choice with nothing."""
        if "$ref" in schema:
            return self._plain(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        return self._plain(choices[0]) if choices else schema

    def _is_place(self, parameter: Mapping[str, Any]) -> bool:
        return parameter["name"] in _NUMBERS or self._is_text(parameter["schema"])

    def _is_text(self, schema: Mapping[str, Any]) -> bool:
        plain = self._plain(schema)
        return plain.get("type") == "string" and "enum" not in plain and "format" not in plain


def _sign_in(door: Door, handle: str, org_id: str) -> dict[str, str]:
    asked = {"person": handle, "organisation": org_id}
    answer = door.client.post("/api/sessions", json=asked, headers=door.operator)
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def _post(door: Door, path: str, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    answer = door.client.post(path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _principal(door: Door, org_id: str, person_id: str) -> Principal:
    with door.desk.platform.database.reading(org_id) as work:
        return door.desk.platform.principals.principal(work, org_id, person_id)

"""An identity provider keeps people and teams by SCIM 2.0, in its own organisation and no further than it may."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from http_door import Door
from httpx import Response
from neighbours import settle

from support.desk import open_desk
from support.homes import copy_home
from support.scripted import call

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Provider:
    """An identity provider with a key."""

    def __init__(self, door: Door) -> None:
        self.door = door
        account = {"handle": "provisioning", "name": "Provisioning", "roles": ["administrator"]}
        made = door.post("/api/service-accounts", account, "manager").json()
        self.keys = f"/api/service-accounts/{made['id']}/keys"
        self.secret = door.post(self.keys, {"name": "idp", "scopes": ["scim"]}, "manager").json()["secret"]

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Response:
        """Send a request."""
        plain = {name.replace("_", "-"): value for name, value in headers.items()}
        auth = {"Authorization": f"Bearer {self.secret}", "Accept": "text/html", **plain}
        return self.door.client.request(method, f"/scim/v2{path}", json=body, headers=auth)

    def user(self, handle: str, **more: Any) -> dict[str, Any]:
        """Add a user."""
        answer = self.send("POST", "/Users", {"userName": handle, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def group(self, name: str, *members: str) -> dict[str, Any]:
        """Make a group."""
        answer = self.send("POST", "/Groups", {"displayName": name, "members": [{"value": one} for one in members]})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Response:
        """Change by operations."""
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def found(self, path: str, filter_: str) -> list[str]:
        """Return the names of what a filter finds."""
        answer = self.door.client.get(
            f"/scim/v2{path}", params={"filter": filter_}, headers={"Authorization": f"Bearer {self.secret}"}
        )
        assert answer.status_code == 200, answer.text
        return [one.get("userName", one["displayName"]) for one in answer.json()["Resources"]]


@pytest.fixture
def idp(made_home: Path, tmp_path: Path) -> Generator[Provider]:
    mapped = {"Finance": ["finance"], "Admins": ["administrator"]}
    refund = call("refund_order", order_id="SO-10007", amount=120, reason="broken lamp")
    with open_desk(copy_home(made_home, tmp_path / "home"), refund, scim_roles=mapped) as desk:
        yield Provider(Door(desk))


def test_a_group_that_is_mapped_to_a_role_that_no_rule_names_is_refused(made_home: Path, tmp_path: Path) -> None:
    with open_desk(copy_home(made_home, tmp_path / "home"), "Hello.", scim_roles={"Money": ["fiance"]}) as desk:
        idp = Provider(Door(desk))
        answer = idp.send("POST", "/Groups", {"displayName": "Money"})
        assert_refused(answer, 400, "invalidValue")
        assert "'fiance'" in answer.json()["detail"]
        group = idp.group("Day shift")
        renamed = idp.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Money"})
        assert_refused(renamed, 400, "invalidValue")


def assert_refused(answer: Response, status: int, kind: str | None = None) -> None:
    body = answer.json()
    assert answer.headers["content-type"] == "application/scim+json"
    assert (answer.status_code, body["schemas"], body["status"]) == (status, [ERROR], str(status)), body
    assert body.get("scimType") == kind, body


def test_the_server_describes_itself(idp: Provider) -> None:
    config = idp.send("GET", "/ServiceProviderConfig").json()
    assert (config["patch"], config["etag"], config["bulk"]["supported"]) == ({"supported": True},) * 2 + (False,)
    assert [one["id"] for one in idp.send("GET", "/ResourceTypes").json()["Resources"]] == ["User", "Group"]
    for schema in idp.send("GET", "/Schemas").json()["Resources"]:
        assert idp.send("GET", f"/Schemas/{schema['id']}").json() == schema
    assert_refused(idp.send("GET", "/Schemas/none"), 404)


def test_a_user_is_made_read_replaced_and_removed(idp: Provider) -> None:
    name = {"givenName": "Barbara", "familyName": "Jensen"}
    made = idp.user("bjensen@example.com", name=name, emails=[{"value": "b@example.com"}], externalId="701984")
    assert (made["displayName"], made["active"], made["externalId"]) == ("Barbara Jensen", True, "701984")
    read = idp.send("GET", f"/Users/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, 'W/"1"')
    assert idp.send("GET", f"/Users/{made['id']}", if_none_match='W/"1"').status_code == 304
    put = {"userName": "bjensen@example.com", "displayName": "Babs Jensen", "active": True}
    replaced = idp.send("PUT", f"/Users/{made['id']}", put).json()
    assert (replaced["displayName"], "emails" in replaced, "externalId" in replaced) == ("Babs Jensen", False, False)
    assert idp.send("DELETE", f"/Users/{made['id']}").status_code == 204
    assert_refused(idp.send("GET", f"/Users/{made['id']}"), 404)
    assert idp.found("/Users", 'userName eq "bjensen@example.com"') == []


def test_who_is_removed_is_in_no_team_and_the_trail_knows_them(idp: Provider) -> None:
    made = idp.user("tomas", displayName="Tomas")
    group = idp.group("Night shift", made["id"])
    assert idp.send("DELETE", f"/Users/{made['id']}").status_code == 204
    assert idp.send("GET", f"/Groups/{group['id']}").json()["members"] == []
    assert idp.door.get(f"/api/people/{made['id']}", "manager").status_code == 404
    assert "tomas" not in [one["handle"] for one in idp.door.get("/api/people", "manager").json()]
    trail = idp.door.get("/api/audit?limit=20", "manager").json()
    assert {"people::deactivate", "people::remove"} <= {one["action"] for one in trail if one["resource"] == made["id"]}
    assert_refused(idp.send("DELETE", f"/Users/{made['id']}"), 404)


def test_a_change_of_an_old_version_is_refused(idp: Provider) -> None:
    path = f"/Users/{idp.user('kim')['id']}"
    rename = {"op": "replace", "path": "displayName", "value": "Kim"}
    assert idp.patch(path, rename, if_match='W/"1"').headers["etag"] == 'W/"2"'
    assert_refused(idp.patch(path, rename, if_match='W/"1"'), 412)
    assert_refused(idp.send("DELETE", path, if_match='W/"1"'), 412)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {"op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": "false"},
    ],
)
def test_okta_and_entra_deactivate_in_their_own_ways_and_the_session_ends(
    idp: Provider, operation: dict[str, Any]
) -> None:
    clerk = idp.door.desk.clerk.person_id
    assert idp.door.get("/api/principals/me").status_code == 200
    assert idp.patch(f"/Users/{clerk}", operation).json()["active"] is False
    assert idp.door.get("/api/principals/me").status_code == 401
    back = idp.patch(f"/Users/{clerk}", {"op": "replace", "path": "active", "value": True}).json()
    assert back["active"] is True
    assert idp.door.get("/api/principals/me").status_code == 401


def test_values_are_changed_by_paths_and_filters(idp: Provider) -> None:
    path = f"/Users/{idp.user('kim', emails=[{'value': 'k@example.com', 'type': 'work'}])['id']}"
    by_filter = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "kim@example.com"}
    by_name = {"op": "Add", "value": {"name.formatted": "ignored", "displayName": "Kim Ode"}}
    extension = {
        "op": "Add",
        "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "value": 1,
    }
    changed = idp.patch(path, by_filter, by_name, extension).json()
    assert (changed["emails"][0]["value"], changed["displayName"]) == ("kim@example.com", "Kim Ode")
    gone = idp.patch(path, {"op": "remove", "path": 'emails[type eq "work"]'}).json()
    assert "emails" not in gone


def test_of_changes_at_the_same_time_none_is_lost(idp: Provider) -> None:
    people = [idp.user(f"night-{n}")["id"] for n in range(8)]
    path = f"/Groups/{idp.group('Night shift')['id']}"

    def add(one: str) -> int:
        return idp.patch(path, {"op": "add", "path": "members", "value": [{"value": one}]}).status_code

    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(add, people))
    assert answers == [200] * len(people)
    assert {member["value"] for member in idp.send("GET", path).json()["members"]} == set(people)


def test_members_come_and_go(idp: Provider) -> None:
    one, two = idp.user("one")["id"], idp.user("two")["id"]
    path = f"/Groups/{idp.group('Night shift', one)['id']}"

    def members(answer: Response) -> set[str]:
        return {member["value"] for member in answer.json()["members"]}

    add = {"op": "Add", "path": "members", "value": [{"value": two}, {"value": one}]}
    assert members(idp.patch(path, add)) == {one, two}
    assert members(idp.patch(path, {"op": "remove", "path": f'members[value eq "{one}"]'})) == {two}
    assert members(idp.patch(path, {"op": "replace", "path": "members", "value": [{"value": one}]})) == {one}
    entra = {"op": "Remove", "path": "members", "value": [{"value": one}]}
    assert members(idp.patch(path, entra)) == set()
    assert_refused(idp.patch(path, {"op": "add", "path": "members", "value": [{"value": "prs_none"}]}), 404)
    assert idp.send("DELETE", path).status_code == 204
    assert_refused(idp.send("GET", path), 404)


def test_filters_find_and_pages_turn(idp: Provider) -> None:
    ids = [idp.user(f"shelf.{name}", externalId=name)["id"] for name in ("anna", "ben", "cho")]
    idp.group("Shelves", ids[0])
    assert idp.found("/Users", 'userName eq "SHELF.anna"') == ["shelf.anna"]
    assert idp.found("/Users", 'userName sw "shelf." and externalId eq "ben"') == ["shelf.ben"]
    assert idp.found("/Users", 'displayName co "lf.ch" and active eq true') == ["shelf.cho"]
    assert idp.found("/Users", 'userName sw "%"') == []
    assert idp.found("/Users", 'userName eq "shelf.anna" and externalId pr') == ["shelf.anna"]
    assert idp.found("/Groups", f'members eq "{ids[0]}"') == ["Shelves"]
    page = idp.send("GET", "/Users?startIndex=2&count=2&attributes=userName").json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (7, 2, 2)
    assert page["Resources"][0].keys() == {"schemas", "id", "userName"}
    assert idp.send("GET", "/Users?count=0").json()["Resources"] == []
    assert "members" not in idp.send("GET", "/Groups?excludedAttributes=members").json()["Resources"][0]


def operations(*given: object) -> dict[str, object]:
    return {"Operations": list(given)}


NONSENSE: list[tuple[str, str, object, int, str | None]] = [
    ("GET", "/Users?filter=userName", None, 400, "invalidFilter"),
    ("GET", '/Users?filter=userName eq "x" or userName eq "y"', None, 400, "invalidFilter"),
    ("GET", '/Users?filter=password eq "x"', None, 400, "invalidFilter"),
    ("GET", '/Users?filter=active eq "yes"', None, 400, "invalidFilter"),
    ("GET", '/Users?filter=meta.created gt "soon"', None, 400, "invalidFilter"),
    ("POST", "/Users", {}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": 1}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": "c\u200blerk"}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": "CLERK"}, 409, "uniqueness"),
    ("POST", "/Users", {"userName": "c1erk"}, 409, "uniqueness"),
    ("POST", "/Users", {"userName": "x", "active": "maybe"}, 400, "invalidValue"),
    ("PATCH", "/Users/{clerk}", operations(), 400, "invalidSyntax"),
    ("PATCH", "/Users/{clerk}", operations({"op": "move"}), 400, "invalidSyntax"),
    ("PATCH", "/Users/{clerk}", operations({"op": "remove"}), 400, "noTarget"),
    ("PATCH", "/Users/{clerk}", operations({"op": "add", "path": "a[", "value": 1}), 400, "invalidPath"),
    ("PATCH", "/Users/{clerk}", operations({"op": "add", "path": "id", "value": "1"}), 400, "mutability"),
    ("PATCH", "/Users/{clerk}", operations({"op": "replace", "path": "active", "value": 0}), 400, "invalidValue"),
    ("PATCH", "/Users/{clerk}", operations({"op": "add", "path": "name.formatted", "value": [1]}), 400, "invalidValue"),
    ("DELETE", "/Users/{manager}", None, 409, None),
    ("GET", "/Users/{nobody}", None, 404, None),
]


def test_what_makes_no_sense_is_refused_in_the_rfcs_words(idp: Provider) -> None:
    people = {"clerk": idp.door.desk.clerk.person_id, "manager": idp.door.desk.manager.person_id, "nobody": "prs_none"}
    for method, path, body, status, kind in NONSENSE:
        assert_refused(idp.send(method, path.format_map(people), body), status, kind)


def test_a_group_gives_the_roles_that_the_operator_mapped_and_no_others(idp: Provider) -> None:
    one, two = idp.user("one")["id"], idp.user("two")["id"]
    idp.group("Finance", one)
    assert idp.door.get(f"/api/people/{one}", "manager").json()["effective_roles"] == ["finance"]
    idp.group("Admins", two)
    assert idp.door.get(f"/api/people/{two}", "manager").json()["effective_roles"] == ["administrator"]
    inner = {"name": "Inner circle", "roles": ["administrator"]}
    inside = idp.door.post("/api/teams", inner, "manager").json()["id"]
    add = {"op": "add", "path": "members", "value": [{"value": one}]}
    assert_refused(idp.patch(f"/Groups/{inside}", add), 403)
    assert idp.door.get(f"/api/people/{one}", "manager").json()["effective_roles"] == ["finance"]


def test_whoever_made_the_key_gets_no_role_by_it_and_may_lose_some(idp: Provider) -> None:
    desk = idp.door.desk
    manager, clerk = desk.manager.person_id, desk.clerk.person_id
    with desk.platform.database.writing(None) as work:
        session = desk.platform.sessions.open(work, desk.manager.org_id, manager, manager)
    by_herself = {"Authorization": f"Bearer {session}"}
    made = idp.door.client.post(idp.keys, json={"name": "hers", "scopes": ["scim"]}, headers=by_herself)
    idp.secret = made.json()["secret"]
    team = idp.door.post("/api/teams", {"name": "Finance", "roles": ["finance"]}, "manager").json()
    joins = {"op": "add", "path": "members", "value": [{"value": manager}]}
    refused = idp.patch(f"/Groups/{team['id']}", joins)
    assert_refused(refused, 403)
    assert "made this key" in refused.json()["detail"]
    assert idp.patch(f"/Groups/{team['id']}", joins | {"value": [{"value": clerk}]}).status_code == 200
    desk.give_roles(desk.manager, "administrator", "manager", "finance")
    assert idp.patch(f"/Groups/{team['id']}", joins).status_code == 200
    assert idp.patch(f"/Groups/{team['id']}", joins | {"op": "remove"}).status_code == 200


def test_only_a_key_for_scim_of_somebody_who_looks_after_people_comes_in(idp: Provider) -> None:
    def status(headers: dict[str, str]) -> int:
        return idp.door.client.get("/scim/v2/Users", headers=headers).status_code

    def key(who: str, scopes: list[str] | None) -> dict[str, str]:
        made = idp.door.post("/api/keys", {"name": "k", "scopes": scopes}, who).json()
        return {"Authorization": f"Bearer {made['secret']}"}

    assert [status(headers) for headers in ({}, {"Authorization": "Bearer x"}, idp.door.as_("manager"))] == [401] * 3
    assert [status(key("manager", scopes)) for scopes in (None, ["models"], ["scim"])] == [403, 403, 200]
    assert status(key("clerk", ["scim"])) == 403


def test_another_organisations_people_are_not_there(idp: Provider) -> None:
    org_id = settle(idp.door)
    with idp.door.desk.platform.database.reading(org_id) as work:
        theirs = idp.door.desk.platform.principals.find(work, "seller").id
    assert idp.found("/Users", f'id eq "{theirs}"') == []
    add = {"op": "add", "path": "members", "value": [{"value": theirs}]}
    team = idp.group("Ours")["id"]
    for method, path, body in (
        ("GET", f"/Users/{theirs}", None),
        ("PUT", f"/Users/{theirs}", {"userName": "x"}),
        ("DELETE", f"/Users/{theirs}", None),
        ("PATCH", f"/Groups/{team}", {"Operations": [add]}),
    ):
        assert_refused(idp.send(method, path, body), 404)

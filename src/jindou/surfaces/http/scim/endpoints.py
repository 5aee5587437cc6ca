"""The endpoints of SCIM. Whoever asks shows a key with the scope ``scim``, and acts as that key's person or program."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from jindou.errors import Forbidden, NotFound, Unauthenticated
from jindou.identity.principals import Principal
from jindou.surfaces.door import MOST as MOST_NUMBER
from jindou.surfaces.door import bearer, platform_of
from jindou.surfaces.http.scim import described
from jindou.surfaces.http.scim.filters import GROUP_FIELDS, USER_FIELDS, conditions
from jindou.surfaces.http.scim.patch import patched
from jindou.surfaces.http.scim.problems import MEDIA_TYPE, VersionChanged, error_body
from jindou.surfaces.http.scim.resources import (
    active_of,
    group,
    listed,
    new_group,
    new_user,
    one_name,
    shown,
    tag,
    team_change,
    user,
    user_change,
)

__all__ = ["router"]

router = APIRouter(prefix="/scim/v2", include_in_schema=False)


def _provisioner(request: Request) -> Principal:
    """Return whom the key of a request speaks for.

    Raises:
        Unauthenticated: there is no key, or it is not good any more.
        Forbidden: it is not for SCIM.
    """
    platform, secret = platform_of(request), bearer(request)
    if not secret:
        raise Unauthenticated("A key with the scope `scim` is the bearer token.")
    with platform.database.reading(None) as work:
        holder = platform.keys.holder(work, secret)
    if holder.scopes is None or "scim" not in holder.scopes:
        raise Forbidden("This key is not for SCIM: that takes one with the scope `scim`.", rules=["jindou.key-scopes"])
    return holder.who.model_copy(update={"behind": holder.made_by})


Who = Annotated[Principal, Depends(_provisioner)]
_WITH_A_KEY = [Depends(_provisioner)]
Given = Annotated[dict[str, Any], Body()]
Match = Annotated[str | None, Header(alias="if-match")]
_Becoming = Callable[[dict[str, Any]], dict[str, Any]]
"""Says of a resource, once nobody else can change it, what it is to be."""


class _Asked:
    """What a request asks to be shown."""

    def __init__(
        self,
        attributes: str = "",
        excluded: Annotated[str, Query(alias="excludedAttributes")] = "",
        filter_: Annotated[str, Query(alias="filter", max_length=2000)] = "",
        start: Annotated[int, Query(alias="startIndex", le=MOST_NUMBER)] = 1,
        count: int = 100,
    ) -> None:
        self.attributes = attributes
        self.excluded = excluded
        self.filter = filter_
        self.start = max(start, 1)
        self.count = min(max(count, 0), described.MOST)

    def of(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return what is asked for of a resource."""
        return shown(resource, self.attributes, self.excluded)


Asked = Annotated[_Asked, Depends()]


class _Search(BaseModel):
    """The same in a body, for what is too long or too private for an address (RFC 7644, section 3.4.3)."""

    attributes: list[str] = []
    excluded: list[str] = Field(default=[], alias="excludedAttributes")
    filter: str = Field(default="", max_length=2000)
    start: int = Field(default=1, alias="startIndex", le=MOST_NUMBER)
    count: int = 100

    def asked(self) -> _Asked:
        """Return what is asked."""
        named, declined = ",".join(self.attributes), ",".join(self.excluded)
        return _Asked(named, declined, self.filter, self.start, self.count)


@router.post("/.search", dependencies=_WITH_A_KEY)
def search() -> Response:
    """Say that users and groups are not looked for together."""
    told = "Users and groups are looked for apart: /Users/.search and /Groups/.search."
    return _json(error_body(501, told), 501)


@router.get("/ServiceProviderConfig", dependencies=_WITH_A_KEY)
def configuration(request: Request) -> Response:
    """Return the features."""
    return _json(described.configuration(_base(request)))


@router.get("/ResourceTypes", dependencies=_WITH_A_KEY)
def types(request: Request) -> Response:
    """Return the types of resources."""
    found = described.types(_base(request))
    return _json(listed(found, len(found), 1))


@router.get("/ResourceTypes/{name}", dependencies=_WITH_A_KEY)
def get_type(request: Request, name: str) -> Response:
    """Return one type of resources."""
    return _json(_named(described.types(_base(request)), name))


@router.get("/Schemas", dependencies=_WITH_A_KEY)
def schemas(request: Request) -> Response:
    """Return the schemas."""
    found = described.schemas(_base(request))
    return _json(listed(found, len(found), 1))


@router.get("/Schemas/{name}", dependencies=_WITH_A_KEY)
def get_schema(request: Request, name: str) -> Response:
    """Return one schema."""
    return _json(_named(described.schemas(_base(request)), name))


@router.get("/Users")
def list_users(request: Request, who: Who, asked: Asked) -> Response:
    """Return the users that a filter finds."""
    fits = conditions(asked.filter, USER_FIELDS) if asked.filter else []
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        found = platform.directory.people.search(work, who, fits, start=asked.start - 1, count=asked.count)
    users = [asked.of(user(one, _base(request))) for one in found.page]
    return _json(listed(users, found.total, asked.start))


@router.post("/Users/.search")
def search_users(request: Request, who: Who, search: _Search) -> Response:
    """Return the users that a filter finds."""
    return list_users(request, who, search.asked())


@router.post("/Users")
def create_user(request: Request, who: Who, given: Given, asked: Asked) -> Response:
    """Add a user."""
    new, active = new_user(given), active_of(given)
    platform = platform_of(request)
    with platform.database.writing(who.org_id) as work:
        made = platform.directory.people.create(work, who, new)
        if not active:
            made = platform.directory.people.deactivate(work, who, made.id)
    return _resource(asked, user(made, _base(request)), status=201)


@router.get("/Users/{user_id}")
def get_user(
    request: Request,
    who: Who,
    user_id: str,
    asked: Asked,
    unchanged: Annotated[str | None, Header(alias="if-none-match")] = None,
) -> Response:
    """Return a user; nothing where it still has the version that the request names."""
    return _seen(asked, _user(request, who, user_id), unchanged)


@router.put("/Users/{user_id}")
def replace_user(request: Request, who: Who, user_id: str, given: Given, asked: Asked, match: Match = None) -> Response:
    """Have a user be what is given."""
    return _save_user(request, who, user_id, lambda _: given, asked, match)


@router.patch("/Users/{user_id}")
def patch_user(request: Request, who: Who, user_id: str, given: Given, asked: Asked, match: Match = None) -> Response:
    """Change a user by operations."""
    return _save_user(request, who, user_id, lambda there: one_name(there, patched(there, given)), asked, match)


@router.delete("/Users/{user_id}", status_code=204)
def delete_user(request: Request, who: Who, user_id: str, match: Match = None) -> None:
    """Remove a user for good; what they did stays known by their name."""
    platform = platform_of(request)
    with platform.database.writing(who.org_id) as work:
        platform.directory.hold(work, who)
        _require(match, user(platform.directory.people.get(work, who, user_id), _base(request)))
        platform.directory.people.remove(work, who, user_id)


@router.get("/Groups")
def list_groups(request: Request, who: Who, asked: Asked) -> Response:
    """Return the groups that a filter finds."""
    fits = conditions(asked.filter, GROUP_FIELDS) if asked.filter else []
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        found = platform.directory.teams.search(work, who, fits, start=asked.start - 1, count=asked.count)
    groups = [asked.of(group(one, _base(request))) for one in found.page]
    return _json(listed(groups, found.total, asked.start))


@router.post("/Groups/.search")
def search_groups(request: Request, who: Who, search: _Search) -> Response:
    """Return the groups that a filter finds."""
    return list_groups(request, who, search.asked())


@router.post("/Groups")
def create_group(request: Request, who: Who, given: Given, asked: Asked) -> Response:
    """Make a group; it has the roles that the operator mapped to its name."""
    new = new_group(given)
    platform = platform_of(request)
    with platform.database.writing(who.org_id) as work:
        made = platform.directory.teams.create(work, who, new, is_provisioning=True)
    return _resource(asked, group(made, _base(request)), status=201)


@router.get("/Groups/{group_id}")
def get_group(
    request: Request,
    who: Who,
    group_id: str,
    asked: Asked,
    unchanged: Annotated[str | None, Header(alias="if-none-match")] = None,
) -> Response:
    """Return a group; nothing where it still has the version that the request names."""
    return _seen(asked, _group(request, who, group_id), unchanged)


@router.put("/Groups/{group_id}")
def replace_group(
    request: Request, who: Who, group_id: str, given: Given, asked: Asked, match: Match = None
) -> Response:
    """Have a group be what is given."""
    return _save_group(request, who, group_id, lambda _: given, asked, match)


@router.patch("/Groups/{group_id}")
def patch_group(request: Request, who: Who, group_id: str, given: Given, asked: Asked, match: Match = None) -> Response:
    """Change a group by operations."""
    return _save_group(request, who, group_id, lambda there: patched(there, given), asked, match)


@router.delete("/Groups/{group_id}", status_code=204)
def delete_group(request: Request, who: Who, group_id: str, match: Match = None) -> None:
    """Take a group away."""
    platform = platform_of(request)
    with platform.database.writing(who.org_id) as work:
        platform.directory.hold(work, who)
        _require(match, group(platform.directory.teams.get(work, who, group_id), _base(request)))
        platform.directory.teams.delete(work, who, group_id)


def _user(request: Request, who: Principal, user_id: str) -> dict[str, Any]:
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        return user(platform.directory.people.get(work, who, user_id), _base(request))


def _group(request: Request, who: Principal, group_id: str) -> dict[str, Any]:
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        return group(platform.directory.teams.get(work, who, group_id), _base(request))


def _save_user(
    request: Request, who: Principal, user_id: str, becomes: _Becoming, asked: _Asked, match: str | None
) -> Response:
    directory = platform_of(request).directory
    with platform_of(request).database.writing(who.org_id) as work:
        directory.hold(work, who)
        there = user(directory.people.get(work, who, user_id), _base(request))
        _require(match, there)
        given = becomes(there)
        saved = directory.people.update(work, who, user_id, user_change(given))
        is_active = active_of(given)
        if saved.active != is_active:
            saved = (directory.people.reactivate if is_active else directory.people.deactivate)(work, who, user_id)
    return _resource(asked, user(saved, _base(request)))


def _save_group(
    request: Request, who: Principal, group_id: str, becomes: _Becoming, asked: _Asked, match: str | None
) -> Response:
    directory = platform_of(request).directory
    with platform_of(request).database.writing(who.org_id) as work:
        directory.hold(work, who)
        there = group(directory.teams.get(work, who, group_id), _base(request))
        _require(match, there)
        change = team_change(becomes(there))
        saved = directory.teams.update(work, who, group_id, change, is_provisioning=True)
    return _resource(asked, group(saved, _base(request)))


def _require(match: str | None, resource: dict[str, Any]) -> None:
    if match not in {None, "*", tag(resource)}:
        raise VersionChanged("It was changed since; read it again.")


def _seen(asked: _Asked, resource: dict[str, Any], unchanged: str | None) -> Response:
    if unchanged == tag(resource):
        return Response(status_code=304, headers={"ETag": tag(resource)})
    return _resource(asked, resource)


def _resource(asked: _Asked, resource: dict[str, Any], status: int = 200) -> Response:
    headers = {"ETag": tag(resource), "Location": resource["meta"]["location"]}
    return _json(asked.of(resource), status, headers)


def _named(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for one in found:
        if one["id"] == name:
            return one
    raise NotFound("There is no such resource.")


def _json(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def _base(request: Request) -> str:
    return f"{platform_of(request).settings.browser_url}/scim/v2"

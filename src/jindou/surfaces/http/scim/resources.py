"""Users and groups: people and teams as SCIM writes them (RFC 7643)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from jindou.identity.directory import NewProfile, NewTeam, Profile, ProfileChange, Team, TeamChange
from jindou.surfaces.http.scim.problems import ScimInvalid
from jindou.surfaces.http.scim.shapes import list_of, object_of, objects_of
from jindou.wording import field_of, told_of

__all__ = [
    "GROUP",
    "USER",
    "active_of",
    "group",
    "listed",
    "new_group",
    "new_user",
    "one_name",
    "shown",
    "tag",
    "team_change",
    "user",
    "user_change",
]

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ALWAYS = frozenset({"schemas", "id"})
_TRUTHS = {"true": True, "false": False}


def user(one: Profile, base: str) -> dict[str, Any]:
    """Return a person as a user; `base` is where the resources are."""
    found: dict[str, Any] = {
        "schemas": [USER],
        "id": one.id,
        "userName": one.handle,
        "displayName": one.name,
        "name": {"formatted": one.name},
        "preferredLanguage": one.language,
        "active": one.active,
        "groups": [
            {"value": team.id, "display": team.name, "$ref": f"{base}/Groups/{team.id}", "type": "direct"}
            for team in one.teams
        ],
        "meta": _meta("User", f"{base}/Users/{one.id}", one.version, one.created_at, one.updated_at),
    }
    if one.email:
        found["emails"] = [{"value": one.email, "type": "work"}]
    return found | _external(one.external_id)


def group(one: Team, base: str) -> dict[str, Any]:
    """Return a team as a group."""
    found: dict[str, Any] = {
        "schemas": [GROUP],
        "id": one.id,
        "displayName": one.name,
        "members": [{"value": place.id, "$ref": f"{base}/Users/{place.id}", "type": "User"} for place in one.members],
        "meta": _meta("Group", f"{base}/Groups/{one.id}", one.version, one.created_at, one.updated_at),
    }
    return found | _external(one.external_id)


def new_user(given: Mapping[str, Any]) -> NewProfile:
    """Return the person that a user is.

    Raises:
        ScimInvalid: it has no `userName`, or values that can't be kept.
    """
    return _checked(NewProfile, _of_user(given))


def user_change(given: Mapping[str, Any]) -> ProfileChange:
    """Return what a person becomes who is to be this user.

    Raises:
        ScimInvalid: as `new_user` says.
    """
    return _checked(ProfileChange, _of_user(given))


def new_group(given: Mapping[str, Any]) -> NewTeam:
    """Return the team that a group is.

    Raises:
        ScimInvalid: it has no `displayName`, or values that can't be kept.
    """
    return _checked(NewTeam, _of_group(given))


def team_change(given: Mapping[str, Any]) -> TeamChange:
    """Return what a team becomes that is to be this group.

    Raises:
        ScimInvalid: as `new_group` says.
    """
    return _checked(TeamChange, _of_group(given))


def active_of(given: Mapping[str, Any]) -> bool:
    """Return whether a user is to be active, which they are if nothing is said.

    Raises:
        ScimInvalid: it says neither yes nor no.
    """
    told = _folded(given).get("active", True)
    truth = _TRUTHS.get(told.lower()) if isinstance(told, str) else told
    if not isinstance(truth, bool):
        raise ScimInvalid("`active` is true or false.", "invalidValue")
    return truth


def one_name(there: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a changed user whose `displayName` and whole name are the same again: the one of them that changed."""
    names, before = _folded(object_of(changed.get("name")) or {}), there["name"]["formatted"]
    whole = names.get("formatted")
    renamed = changed.get("displayName") == before and whole is not None and whole != before
    return {**changed, **({"displayName": whole} if renamed else {})}


def listed(found: Sequence[Mapping[str, Any]], total: int, start: int) -> dict[str, Any]:
    """Return a page of resources; `start` is the number of the first, from 1 on."""
    head: dict[str, Any] = {"schemas": [_LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(found)}
    return head | {"Resources": list(found)}


def shown(resource: Mapping[str, Any], wanted: str, unwanted: str) -> dict[str, Any]:
    """Return of a resource the attributes that are asked for, else those that are not declined."""
    named, declined = (
        {name.strip().lower() for name in text.split(",") if name.strip()} for text in (wanted, unwanted)
    )
    tops = {name.rpartition(":")[2].partition(".")[0] for name in named}
    return {
        name: value
        for name, value in resource.items()
        if name in _ALWAYS or (name.lower() in tops if named else name.lower() not in declined)
    }


def tag(resource: Mapping[str, Any]) -> str:
    """Return the version of a resource, as an ETag."""
    return str(resource["meta"]["version"])


def _meta(kind: str, location: str, version: int, created: datetime, updated: datetime) -> dict[str, str]:
    return {
        "resourceType": kind,
        "created": created.isoformat(),
        "lastModified": updated.isoformat(),
        "location": location,
        "version": f'W/"{version}"',
    }


def _external(external_id: str | None) -> dict[str, str]:
    return {} if external_id is None else {"externalId": external_id}


def _of_user(given: Mapping[str, Any]) -> dict[str, Any]:
    plain = _folded(given)
    handle = _required(plain, "userName")
    kept = {
        "handle": handle,
        "name": _name(plain) or handle,
        "email": _email(plain),
        "external_id": _text(plain, "externalId"),
    }
    language = _text(plain, "preferredLanguage")
    return kept | ({"language": "zh" if language.lower().startswith("zh") else "en"} if language else {})


def _of_group(given: Mapping[str, Any]) -> dict[str, Any]:
    plain = _folded(given)
    if "members" in plain and plain["members"] is not None and list_of(plain["members"]) is None:
        raise ScimInvalid("`members` is a list of objects.", "invalidValue")
    ids = [str(one.get("value", "")) for one in objects_of(plain.get("members"))]
    return {
        "name": _required(plain, "displayName"),
        "external_id": _text(plain, "externalId"),
        "members": list(dict.fromkeys(ids)),
    }


def _name(plain: Mapping[str, Any]) -> str:
    parts = _folded(object_of(plain.get("name")) or {})
    pieces = [_text(parts, "givenName"), _text(parts, "familyName")]
    return _text(plain, "displayName") or _text(parts, "formatted") or " ".join(filter(None, pieces))


def _email(plain: Mapping[str, Any]) -> str:
    """Return the first address, or the one that is primary."""
    found = [_folded(one) for one in objects_of(plain.get("emails"))]
    first = sorted(found, key=lambda one: str(one.get("primary", False)).lower() != "true")
    return (_text(first[0], "value") or "") if first else ""


def _text(plain: Mapping[str, Any], name: str) -> str | None:
    value = plain.get(name.lower())
    if value is not None and not isinstance(value, str):
        raise ScimInvalid(f"`{name}` is a text.", "invalidValue")
    return value


def _required(plain: Mapping[str, Any], name: str) -> str:
    value = _text(plain, name)
    if not value:
        raise ScimInvalid(f"`{name}` is required.", "invalidValue")
    return value


def _folded(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes by their names in lower case: SCIM takes them in any."""
    return {str(name).lower(): value for name, value in given.items()}


def _checked(kind: Any, values: Mapping[str, Any]) -> Any:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ScimInvalid(told_of(first, field_of(first)), "invalidValue") from None

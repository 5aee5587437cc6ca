"""PATCH (RFC 7644, section 3.5.2), with the ways in which Okta and Entra ID write it.

Both send operations in capitals, truth as ``"False"``, values without a path whose names are paths, and Entra ID the
members to remove as a value.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from jindou.surfaces.http.scim.filters import Comparison, comparisons
from jindou.surfaces.http.scim.problems import ScimInvalid
from jindou.surfaces.http.scim.shapes import Resource, list_of, object_of, objects_of

__all__ = ["patched"]

_PATH = re.compile(r"(?P<name>[A-Za-z$][\w$-]*)(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>[A-Za-z$][\w$-]*))?")
_CORE = re.compile(r"urn:ietf:params:scim:schemas:core:2\.0:(?:User|Group):", re.IGNORECASE)
_READ_ONLY = frozenset({"id", "meta", "groups"})
_MANY = frozenset({"emails", "members", "phoneNumbers", "addresses", "roles"})
_NAMES = {
    name.lower(): name
    for name in ("userName", "displayName", "externalId", "active", "preferredLanguage", "name", *_MANY, *_READ_ONLY)
}
_MOST = 1000


class _Path(NamedTuple):
    name: str
    filter: list[Comparison]
    sub: str | None


def patched(resource: Mapping[str, Any], request: Mapping[str, Any]) -> Resource:
    """Return a resource with the operations of a request done to it, one after the other.

    Raises:
        ScimInvalid: an operation can't be read or has no target, or changes what is read only.
    """
    operations = list_of({key.lower(): value for key, value in request.items()}.get("operations"))
    if not operations or len(operations) > _MOST:
        raise ScimInvalid(f"`Operations` has 1 to {_MOST} operations.", "invalidSyntax")
    changed = {name: _copy(value) for name, value in resource.items()}
    for operation in operations:
        _do(changed, object_of(operation) or {})
    return changed


def _do(resource: Resource, operation: Resource) -> None:
    given = {name.lower(): value for name, value in operation.items()}
    verb, path, value = str(given.get("op", "")).lower(), given.get("path"), given.get("value")
    if verb not in {"add", "replace", "remove"}:
        raise ScimInvalid("`op` is add, replace or remove.", "invalidSyntax")
    if path is not None and not isinstance(path, str):
        raise ScimInvalid("`path` is a text.", "invalidPath")
    if path:
        _change(resource, verb, path, value)
        return
    values = object_of(value)
    if verb == "remove" or values is None:
        raise ScimInvalid("Without a path there is nothing to remove, and a value is an object.", "noTarget")
    for name, inner in values.items():
        _change(resource, verb, name, inner)


def _change(resource: Resource, verb: str, text: str, value: Any) -> None:
    plain = _CORE.sub("", text, count=1)
    if plain.lower() == "schemas" or plain.startswith("urn:"):
        # Attributes of extensions are not kept here.
        return
    path = _parsed(plain)
    if path.name in _READ_ONLY:
        raise ScimInvalid(f"`{path.name}` is not changed from outside.", "mutability")
    if path.name in _MANY:
        _change_many(resource, verb, path, value)
    elif path.sub is not None:
        _put(resource.setdefault(path.name, {}), verb, path.sub, value)
    else:
        _put(resource, verb, path.name, value)


def _put(holder: object, verb: str, name: str, value: Any) -> None:
    kept = object_of(holder)
    if kept is None:
        raise ScimInvalid(f"`{name}` has no place there.", "invalidPath")
    old, new = object_of(kept.get(name)), object_of(value)
    if verb == "remove":
        kept.pop(name, None)
    elif old is not None and new is not None:
        kept[name] = old | new
    else:
        kept[name] = value


def _change_many(resource: Resource, verb: str, path: _Path, value: Any) -> None:
    there = objects_of(resource.get(path.name))
    if path.filter:
        resource[path.name] = _change_matching(there, verb, path, value)
        return
    given = _items(value)
    if verb == "remove":
        gone = {str(one.get("value")) for one in given}
        resource[path.name] = [one for one in there if given and str(one.get("value")) not in gone]
        return
    old = there if verb == "add" else []
    known = {str(one.get("value")) for one in old}
    resource[path.name] = [*old, *(one for one in given if str(one.get("value")) not in known)]


def _change_matching(there: list[Resource], verb: str, path: _Path, value: Any) -> list[Resource]:
    matching = [one for one in there if all(_holds(one, each) for each in path.filter)]
    if verb == "remove" and path.sub is None:
        return [one for one in there if one not in matching]
    if not matching:
        if verb == "remove":
            return there
        # What a filter says of one that is not there yet is true of it from then on.
        matching = [{each.name: each.value for each in path.filter if each.operator == "eq"}]
        there = [*there, *matching]
    for one in matching:
        if path.sub is not None:
            _put(one, verb, path.sub, value)
            continue
        new = object_of(value)
        if new is None:
            raise ScimInvalid("The value is an object.", "invalidValue")
        one.update(new)
    return there


def _holds(item: Resource, one: Comparison) -> bool:
    value = {name.lower(): inner for name, inner in item.items()}.get(one.name)
    if one.operator == "pr":
        return value is not None
    if one.operator == "eq":
        return _folded(value) == _folded(one.value)
    raise ScimInvalid("In a path, values are compared by eq.", "invalidFilter")


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _items(value: Any) -> list[Resource]:
    values = list_of(value)
    if values is None:
        values = [] if value is None else [value]
    return [object_of(one) or {"value": one} for one in values]


def _parsed(text: str) -> _Path:
    match = _PATH.fullmatch(text)
    if match is None:
        raise ScimInvalid(f"{text!r} is no path.", "invalidPath")
    name = _NAMES.get(match["name"].lower(), match["name"])
    return _Path(name, comparisons(match["filter"]) if match["filter"] is not None else [], match["sub"])


def _copy(value: Any) -> Any:
    """Return a value of a resource of ours that can be changed alone."""
    inner, many = object_of(value), list_of(value)
    return dict(inner) if inner is not None else value if many is None else [_copy(one) for one in many]

"""What this server says of itself: its features, its types of resources, their schemas (RFC 7643, sections 5 to 7)."""

from typing import Any

from jindou.surfaces.http.scim.resources import GROUP, USER

__all__ = ["MOST", "configuration", "schemas", "types"]

MOST = 200
"""How many resources a page has at most."""

_CORE = "urn:ietf:params:scim:schemas:core:2.0"


def configuration(base: str) -> dict[str, Any]:
    """Return the features."""
    return {
        "schemas": [f"{_CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A key with the scope `scim`.",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def types(base: str) -> list[dict[str, Any]]:
    """Return the types of resources."""
    return [
        {
            "schemas": [f"{_CORE}:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "description": about,
            "schema": schema,
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
        }
        for name, about, schema in (("User", "A person", USER), ("Group", "A team", GROUP))
    ]


def schemas(base: str) -> list[dict[str, Any]]:
    """Return the schemas of the resources, with what is kept of them."""
    address = [
        _attribute("value", "The address."),
        _attribute("type", "It is that at work.", values=["work"]),
    ]
    user = [
        _attribute("userName", "The handle; capitals and look-alikes count as the same.", required=True, unique=True),
        _attribute("displayName", "The name."),
        _attribute("name", "The name.", kind="complex", parts=[_attribute("formatted", "The whole name.")]),
        _attribute("preferredLanguage", "What Jindou speaks with them.", values=["en", "zh"]),
        _attribute("active", "Whether anything may act for them.", kind="boolean"),
        _attribute("emails", "One address.", kind="complex", many=True, parts=address),
        _attribute(
            "groups",
            "Their teams.",
            kind="complex",
            many=True,
            parts=_reference("Group", "Its id.", changes="readOnly"),
            changes="readOnly",
        ),
    ]
    group = [
        _attribute("displayName", "The name; look-alikes count as the same.", required=True, unique=True),
        _attribute(
            "members",
            "Who is in it.",
            kind="complex",
            many=True,
            parts=_reference("User", "A person's id.", changes="immutable"),
        ),
    ]
    return [
        {
            "schemas": [f"{_CORE}:Schema"],
            "id": id_,
            "name": id_.rpartition(":")[2],
            "description": about,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{id_}"},
        }
        for id_, about, attributes in ((USER, "A person", user), (GROUP, "A team", group))
    ]


def _reference(to: str, about: str, *, changes: str) -> list[dict[str, Any]]:
    kinds = ["User"] if to == "User" else ["direct"]
    where = _attribute("$ref", "Where it is.", kind="reference", changes=changes)
    return [
        _attribute("value", about, changes=changes),
        where | {"referenceTypes": [to]},
        _attribute("type", "What it is.", changes=changes, values=kinds),
    ]


def _attribute(
    name: str,
    about: str,
    *,
    kind: str = "string",
    many: bool = False,
    required: bool = False,
    unique: bool = False,
    changes: str = "readWrite",
    parts: list[dict[str, Any]] | None = None,
    values: list[str] | None = None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "type": kind,
        "multiValued": many,
        "description": about,
        "required": required,
        "caseExact": False,
        "mutability": changes,
        "returned": "default",
        "uniqueness": "server" if unique else "none",
    }
    made |= {"canonicalValues": values} if values else {}
    return made | ({"subAttributes": parts} if parts else {})

"""Errors as SCIM tells them (RFC 7644, section 3.12)."""

from jindou.errors import Conflict, Invalid, JindouError
from jindou.identity.principals import NameTaken
from jindou.surfaces.problems import problem_of

__all__ = ["MEDIA_TYPE", "ScimInvalid", "VersionChanged", "error_body", "is_scim", "scim_error"]

MEDIA_TYPE = "application/scim+json"
_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimInvalid(Invalid):
    """The request breaks a rule of SCIM; `kind` is what the RFC calls it, such as ``invalidFilter``."""

    code = "scim_invalid"

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message, rule=kind)


class VersionChanged(Conflict):
    """Somebody changed it since: its version is not the one that the request names."""

    code = "version_changed"


def is_scim(path: str) -> bool:
    """Say whether a path is answered in SCIM."""
    return path.startswith("/scim/")


def scim_error(error: JindouError) -> tuple[int, dict[str, object]]:
    """Return the status and the body of an error."""
    status, kind = problem_of(error).status, ""
    if isinstance(error, VersionChanged):
        status = 412
    elif isinstance(error, NameTaken):
        kind = "uniqueness"
    elif isinstance(error, Invalid):
        status, kind = 400, error.rule if isinstance(error, ScimInvalid) else "invalidValue"
    return status, error_body(status, error.message, kind)


def error_body(status: int, detail: str, kind: str = "") -> dict[str, object]:
    """Return the body of an error; `kind` is its ``scimType``, if it has one."""
    body: dict[str, object] = {"schemas": [_SCHEMA], "status": str(status), "detail": detail}
    return body | ({"scimType": kind} if kind else {})

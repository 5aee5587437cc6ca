"""`/scim/v2`: identity providers keep an organisation's people and teams by it (SCIM 2.0, RFC 7643 and 7644)."""

from jindou.surfaces.http.scim.endpoints import router
from jindou.surfaces.http.scim.problems import error_body, is_scim, scim_error

__all__ = ["error_body", "is_scim", "router", "scim_error"]

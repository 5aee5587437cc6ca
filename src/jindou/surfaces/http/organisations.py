"""`/api/organisations`: the companies of this installation, for the local operator alone."""

from fastapi import APIRouter, Request

from jindou.identity.directory import NewOrganisation, Organisation
from jindou.surfaces.door import platform_of, platform_work, require_operator

__all__ = ["router"]

router = APIRouter(prefix="/api/organisations", tags=["organisations"])


@router.get("")
def list_organisations(request: Request) -> list[Organisation]:
    """Return every organisation, the oldest first."""
    require_operator(request)
    with platform_work(request) as work:
        return platform_of(request).directory.organisations.list_organisations(work)


@router.post("", status_code=201)
def create(request: Request, new: NewOrganisation) -> Organisation:
    """Add an organisation with its first administrator."""
    require_operator(request)
    with platform_work(request) as work:
        return platform_of(request).directory.organisations.create(work, new)

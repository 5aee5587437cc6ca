"""`/api/policies`: an organisation's own rules, their versions, and which of them is in force."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from jindou.agents.policies import (
    PolicyActivation,
    PolicyCheck,
    PolicyDetail,
    PolicyDiff,
    PolicyFiles,
    PolicyProposal,
    PolicyShadow,
    PolicyState,
    PolicyVersion,
)
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, recently_signed_in, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/policies", tags=["policies"])
Who = Annotated[Principal, Depends(signed_in)]
Recent = Annotated[Principal, Depends(recently_signed_in)]
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]


@router.get("")
def state(request: Request, who: Who) -> PolicyState:
    """Return the versions, the newest first, and which is in force."""
    with reading(request) as work:
        return platform_of(request).policies.state(work, who)


@router.post("", status_code=201)
def propose(request: Request, who: Who, proposal: PolicyProposal) -> PolicyVersion:
    """Keep files as the next version; nothing is decided by them yet."""
    with writing(request) as work:
        return platform_of(request).policies.propose(work, who, proposal)


@router.post("/check")
def check(request: Request, who: Who, files: PolicyFiles) -> PolicyCheck:
    """Say what is wrong with files and what they would change, and keep nothing."""
    with reading(request) as work:
        return platform_of(request).policies.check(work, who, files.files)


@router.post("/rollback")
def roll_back(request: Request, who: Recent, known: PolicyActivation) -> PolicyState:
    """Put in force again what was so before."""
    with writing(request) as work:
        return platform_of(request).policies.roll_back(work, who, known)


@router.get("/{number}")
def get(request: Request, who: Who, number: Number) -> PolicyDetail:
    """Return a version with its files."""
    with reading(request) as work:
        return platform_of(request).policies.get(work, who, number)


@router.get("/{number}/diff")
def diff(
    request: Request, who: Who, number: Number, against: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None
) -> PolicyDiff:
    """Return what differs between a version and another one, or what is in force."""
    with reading(request) as work:
        return platform_of(request).policies.diff(work, who, number, against)


@router.get("/{number}/shadow")
def shadow(request: Request, who: Who, number: Number) -> PolicyShadow:
    """Return what a version would have changed in the last seven days."""
    with reading(request) as work:
        return platform_of(request).policies.shadow(work, who, number)


@router.post("/{number}/activation")
def activate(request: Request, who: Recent, number: Number, known: PolicyActivation) -> PolicyState:
    """Put a version in force; 0 is no rules of one's own."""
    with writing(request) as work:
        return platform_of(request).policies.activate(work, who, number, known)

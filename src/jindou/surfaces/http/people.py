"""`/api/people`: who is in the organisation, for those who look after people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from jindou.identity.directory import Condition, NewProfile, Profile, ProfileChange
from jindou.identity.principals import Principal
from jindou.surfaces.door import MOST, platform_of, reading, signed_in, writing

__all__ = ["ProfileSearch", "router"]

router = APIRouter(prefix="/api/people", tags=["people"])
Who = Annotated[Principal, Depends(signed_in)]


class ProfileSearch(BaseModel):
    """Whom to look for: by a part of the handle, of the name or of the address, and whether they are active."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")
    active: bool | None = None
    after: int = Field(default=0, ge=0, le=MOST, description="How many to pass over.")
    limit: int = Field(default=100, ge=1, le=1000)

    def conditions(self) -> list[Condition]:
        """Return what must hold of those who are looked for."""
        found = [Condition("text", "co", self.text)] if self.text else []
        return found if self.active is None else [*found, Condition("active", "eq", self.active)]


@router.get("")
def list_people(request: Request, who: Who, asked: Annotated[ProfileSearch, Query()]) -> list[Profile]:
    """Return the people who fit, the oldest first, those who were deactivated among them."""
    with reading(request) as work:
        people = platform_of(request).directory.people
        return people.search(work, who, asked.conditions(), start=asked.after, count=asked.limit).page


@router.post("", status_code=201)
def create(request: Request, who: Who, new: NewProfile) -> Profile:
    """Add somebody."""
    with writing(request) as work:
        return platform_of(request).directory.people.create(work, who, new)


@router.get("/{person_id}")
def get(request: Request, who: Who, person_id: str) -> Profile:
    """Return one person."""
    with reading(request) as work:
        return platform_of(request).directory.people.get(work, who, person_id)


@router.patch("/{person_id}")
def update(request: Request, who: Who, person_id: str, change: ProfileChange) -> Profile:
    """Change what is given of somebody."""
    with writing(request) as work:
        return platform_of(request).directory.people.update(work, who, person_id, change)


@router.post("/{person_id}/deactivation")
def deactivate(request: Request, who: Who, person_id: str) -> Profile:
    """Let nobody and nothing act for somebody any more, at once."""
    with writing(request) as work:
        return platform_of(request).directory.people.deactivate(work, who, person_id)


@router.post("/{person_id}/reactivation")
def reactivate(request: Request, who: Who, person_id: str) -> Profile:
    """Take somebody back, with the roles they had; sessions and keys are made anew."""
    with writing(request) as work:
        return platform_of(request).directory.people.reactivate(work, who, person_id)

"""Who has read one's conversations; for administrators, reading somebody else's where that is open."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.agents.readings import ReadingAsk
from jindou.errors import Invalid, NotFound
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()


class ReadingForm(BaseModel):
    """What somebody typed."""

    model_config = ConfigDict(extra="ignore")

    subject: str = ""
    reason: str = ""


class PolicyForm(BaseModel):
    """Which button was pressed."""

    model_config = ConfigDict(extra="ignore")

    open: bool


@router.get("/readings")
def list_readings(
    request: Request, subject: Annotated[str, Query(max_length=40, pattern=r"^[^\x00]*$")] = ""
) -> Response:
    """Show who has read one's conversations, and whether anybody may; `subject` is what one might read."""
    return _show(request, typed=ReadingForm(subject=subject))


@router.post("/readings")
def read(request: Request, typed: Annotated[ReadingForm, Form()]) -> Response:
    """Show somebody else's conversation, this once."""
    who = signed_in(request)
    services = platform_of(request)
    try:
        asked = ReadingAsk(subject=typed.subject.strip(), reason=typed.reason)
        with writing(request) as work:
            found = services.readings.read(work, who, asked)
            waiting = services.approvals.count_waiting(work, who)
    except (ValidationError, Invalid):
        return _show(request, status=422, typed=typed, trouble="unreadable")
    except NotFound:
        return _show(request, status=404, typed=typed, trouble="nothing")
    return page(request, "reading.html", who=who, waiting=waiting, section="readings", found=found)


@router.post("/readings/policy")
def set_policy(request: Request, pressed: Annotated[PolicyForm, Form()]) -> Response:
    """Open the organisation's conversations to administrators, or close them."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).readings.set_policy(work, who, is_open=pressed.open)
    return RedirectResponse("/readings", status_code=303)


def _show(request: Request, *, status: int = 200, typed: ReadingForm | None = None, trouble: str = "") -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        readings = services.readings.list_readings(work, who)
        policy = services.readings.policy(work)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "readings.html",
        who=who,
        waiting=waiting,
        status=status,
        section="readings",
        readings=readings,
        policy=policy,
        may_read=services.readings.may_read(who),
        titles={one.slug: one.title for one in services.assistants.list_assistants()},
        typed=typed or ReadingForm(),
        trouble=trouble,
    )

"""One's own account, and an administrator's reset of another's: plain forms, which show nothing that was typed."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from jindou.errors import Forbidden, Invalid, JindouError, Limited
from jindou.identity.accounts import NewPassword
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, seat_of, signed_in, writing
from jindou.surfaces.problems import problem_of

__all__ = ["router"]

router = APIRouter()


class PasswordForm(BaseModel):
    """What somebody typed."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    old: SecretStr = SecretStr("")
    new: SecretStr = SecretStr("")
    again: SecretStr = SecretStr("")

    def asked(self) -> NewPassword:
        """Return what is asked for.

        Raises:
            Invalid: the new password was typed in two ways.
        """
        if self.new != self.again:
            raise Invalid("The new password was typed in two ways.", field="again", rule="twins")
        return NewPassword(new=self.new, old=self.old if self.old.get_secret_value() else None)


@router.get("/account")
def mine(request: Request) -> Response:
    """Show what one proves oneself by."""
    return _show(request)


@router.post("/account/password")
def change_password(request: Request, typed: Annotated[PasswordForm, Form()]) -> Response:
    """Give oneself a new password; what stands in the way is said beside the form."""
    seat = seat_of(request)
    try:
        platform_of(request).accounts.change_password(seat, typed.asked())
    except ValidationError:
        return _show(request, trouble="length", status=422)
    except (Invalid, Forbidden, Limited) as error:
        return _show(request, trouble=_told(error), status=problem_of(error).status)
    return _show(request, done="password")


@router.post("/accounts/{person_id}/reset")
def reset(request: Request, person_id: str) -> Response:
    """Take away what somebody proves themselves by."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).accounts.reset(work, who, person_id)
    return RedirectResponse("/people", status_code=303)


def _told(error: JindouError) -> str:
    """Return the name of what is wrong, by which a language has words for it."""
    return error.rule if isinstance(error, Invalid) else error.code


def _show(request: Request, *, trouble: str = "", done: str = "", status: int = 200) -> Response:
    seat = seat_of(request)
    services = platform_of(request)
    with reading(request) as work:
        account = services.accounts.mine(work, seat.who)
        waiting = services.approvals.count_waiting(work, seat.who)
    return page(
        request,
        "account.html",
        who=seat.who,
        waiting=waiting,
        status=status,
        section="account",
        account=account,
        trouble=trouble,
        done=done,
    )

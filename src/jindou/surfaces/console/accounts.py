"""One's own account, and an administrator's reset of another's: plain forms, which show nothing that was typed."""

from collections.abc import Sequence
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from jindou.errors import Conflict, Forbidden, Invalid, JindouError, Limited, Unauthenticated
from jindou.identity.accounts import AccountRules, Code, Enrolment, NewPassword
from jindou.surfaces.console.account_proof import ask_for_proof, is_asked
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, seat_of, signed_in, writing
from jindou.surfaces.problems import problem_of

__all__ = ["router"]

router = APIRouter()


class CodeForm(BaseModel):
    """What somebody typed."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    code: SecretStr = SecretStr("")


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
        return _refuse(request, error)
    return _show(request, done="password")


@router.post("/account/totp")
def begin_totp(request: Request) -> Response:
    """Show a new secret for one's authenticator, this once, and ask for a code of it."""
    try:
        made = platform_of(request).accounts.begin_totp(seat_of(request))
    except Forbidden as error:
        return _refuse(request, error)
    return _show(request, enrolment=made)


@router.post("/account/totp/confirmation")
def confirm_totp(request: Request, typed: Annotated[CodeForm, Form()]) -> Response:
    """Have the new authenticator count, and show the recovery codes, this once."""
    try:
        made = platform_of(request).accounts.confirm_totp(seat_of(request), Code(code=typed.code))
    except ValidationError:
        return _show(request, trouble="code_wrong", status=422, confirms=True)
    except (Unauthenticated, Limited) as error:
        return _show(request, trouble=_told(error), status=problem_of(error).status, confirms=True)
    except (Forbidden, Conflict) as error:
        return _refuse(request, error)
    return _show(request, done="totp", codes=made.codes)


@router.post("/account/totp/removal")
def remove_totp(request: Request) -> Response:
    """Take one's authenticator and recovery codes away."""
    try:
        with writing(request) as work:
            platform_of(request).accounts.remove_totp(work, seat_of(request))
    except (Forbidden, Conflict) as error:
        return _refuse(request, error)
    return _show(request, done="totp_removed")


@router.post("/account/recovery-codes")
def renew_codes(request: Request) -> Response:
    """Show new recovery codes, this once; those before are gone."""
    try:
        with writing(request) as work:
            made = platform_of(request).accounts.renew_codes(work, seat_of(request))
    except (Forbidden, Conflict) as error:
        return _refuse(request, error)
    return _show(request, done="codes", codes=made.codes)


@router.post("/account/passkeys/{passkey_id}/removal")
def remove_passkey(request: Request, passkey_id: str) -> Response:
    """Take one of one's passkeys away."""
    with writing(request) as work:
        platform_of(request).accounts.remove_passkey(work, seat_of(request), passkey_id)
    return RedirectResponse("/account", status_code=303)


@router.post("/account/rules")
def set_rules(request: Request, second_factor: Annotated[bool, Form()] = False) -> Response:
    """Say whether the organisation requires a second factor."""
    try:
        with writing(request) as work:
            asked = AccountRules(second_factor=second_factor)
            platform_of(request).accounts.set_rules(work, seat_of(request), asked)
    except Conflict as error:
        return _refuse(request, error)
    return _show(request, done="rules")


@router.post("/accounts/{person_id}/reset")
def reset(request: Request, person_id: str) -> Response:
    """Take away what somebody proves themselves by."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).accounts.reset(work, who, person_id)
    return RedirectResponse(f"/people/{person_id}", status_code=303)


def _refuse(request: Request, error: JindouError) -> Response:
    """Show what stands in the way; where it is that a proof is due, ask for one."""
    if is_asked(request, error):
        return ask_for_proof(request)
    return _show(request, trouble=_told(error), status=problem_of(error).status)


def _told(error: JindouError) -> str:
    """Return the name of what is wrong, by which a language has words for it."""
    return error.rule if isinstance(error, Invalid) else error.code


def _show(
    request: Request,
    *,
    trouble: str = "",
    done: str = "",
    status: int = 200,
    enrolment: Enrolment | None = None,
    confirms: bool = False,
    codes: Sequence[str] = (),
) -> Response:
    seat = seat_of(request)
    services = platform_of(request)
    with reading(request) as work:
        account = services.accounts.mine(work, seat.who)
        rules = services.accounts.rules(work, seat.who)
        waiting = services.approvals.count_waiting(work, seat.who)
    return page(
        request,
        "account.html",
        who=seat.who,
        waiting=waiting,
        status=status,
        section="account",
        account=account,
        host=services.accounts.passkeys.host,
        scheme=services.accounts.passkeys.scheme,
        rules=rules,
        manages=services.accounts.may_manage(seat.who),
        must_enrol=seat.must_enrol and not done,
        trouble=trouble,
        done=done,
        enrolment=enrolment,
        confirms=confirms or enrolment is not None,
        qr=_qr(enrolment.uri) if enrolment else "",
        codes=codes,
    )


def _qr(uri: str) -> Markup:
    """Return a QR code as SVG that needs no style of its own."""
    made = segno.make(uri, error="l", micro=False)
    return Markup(made.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=False))  # noqa: S704 - ours

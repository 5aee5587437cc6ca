"""`/api/accounts`: what people prove themselves by; one's own under `me`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from jindou.identity.accounts import Account, AccountRules, Code, Enrolment, NewPassword, Proof, RecoveryCodes
from jindou.identity.principals import Principal
from jindou.surfaces.door import (
    challenge_token,
    platform_of,
    reading,
    seat_of,
    set_challenge_cookie,
    signed_in,
    writing,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/accounts", tags=["accounts"])
Who = Annotated[Principal, Depends(signed_in)]


class NewPasskey(BaseModel):
    """A passkey as a browser made it (`PublicKeyCredential.toJSON`), and what to call it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
    credential: dict[str, Any]


class PasskeyProof(BaseModel):
    """What a passkey signed, as a browser has it (`PublicKeyCredential.toJSON`)."""

    model_config = ConfigDict(extra="forbid")

    credential: dict[str, Any]


@router.get("")
def list_accounts(request: Request, who: Who) -> list[Account]:
    """Return how each person can prove who they are, for administrators."""
    with reading(request) as work:
        return [*platform_of(request).accounts.list_accounts(work, who)]


@router.get("/me")
def mine(request: Request, who: Who) -> Account:
    """Return how one can prove who one is."""
    with reading(request) as work:
        return platform_of(request).accounts.mine(work, who)


@router.put("/me/password", status_code=204)
def change_password(request: Request, _who: Who, asked: NewPassword) -> None:
    """Give oneself a new password; one's other sessions end."""
    platform_of(request).accounts.change_password(seat_of(request), asked)


@router.post("/me/proof", status_code=204)
def prove(request: Request, _who: Who, given: Proof) -> None:
    """Prove again who one is: for ten minutes the session counts as one that has just begun."""
    platform_of(request).accounts.proving.prove(seat_of(request), given)


@router.post("/me/proof/passkey/options")
def ask_for_passkey(request: Request, response: Response, _who: Who) -> dict[str, Any]:
    """Return what a browser needs to have one of one's passkeys sign; the challenge is tied to it by a cookie."""
    options, token = platform_of(request).accounts.proving.ask_for_passkey(seat_of(request))
    set_challenge_cookie(request, response, token)
    return options


@router.post("/me/proof/passkey", status_code=204)
def prove_by_passkey(request: Request, response: Response, _who: Who, proof: PasskeyProof) -> None:
    """Prove again who one is, by what a passkey of one's own signed."""
    proving = platform_of(request).accounts.proving
    proving.prove_by_passkey(seat_of(request), challenge_token(request), proof.credential)
    set_challenge_cookie(request, response, "")


@router.post("/me/totp", status_code=201)
def begin_totp(request: Request, _who: Who) -> Enrolment:
    """Make a new secret for one's authenticator; it counts once a code of it is confirmed."""
    return platform_of(request).accounts.begin_totp(seat_of(request))


@router.post("/me/totp/confirmation")
def confirm_totp(request: Request, _who: Who, typed: Code) -> RecoveryCodes:
    """Have the new authenticator count; the recovery codes are shown this once."""
    return platform_of(request).accounts.confirm_totp(seat_of(request), typed)


@router.delete("/me/totp", status_code=204)
def remove_totp(request: Request, _who: Who) -> None:
    """Take one's authenticator and recovery codes away."""
    with writing(request) as work:
        platform_of(request).accounts.remove_totp(work, seat_of(request))


@router.post("/me/recovery-codes")
def renew_codes(request: Request, _who: Who) -> RecoveryCodes:
    """Return new recovery codes, this once; those before are gone."""
    with writing(request) as work:
        return platform_of(request).accounts.renew_codes(work, seat_of(request))


@router.post("/me/passkeys/options")
def ask_to_add_passkey(request: Request, response: Response, _who: Who) -> dict[str, Any]:
    """Return what a browser needs to make a passkey; the challenge is tied to it by a cookie."""
    options, token = platform_of(request).accounts.ask_to_add_passkey(seat_of(request))
    set_challenge_cookie(request, response, token)
    return options


@router.post("/me/passkeys", status_code=201)
def add_passkey(request: Request, response: Response, who: Who, new: NewPasskey) -> Account:
    """Keep a passkey that a browser made."""
    platform = platform_of(request)
    platform.accounts.passkeys.add(seat_of(request), challenge_token(request), new.name, new.credential)
    set_challenge_cookie(request, response, "")
    with reading(request) as work:
        return platform.accounts.mine(work, who)


@router.delete("/me/passkeys/{passkey_id}", status_code=204)
def remove_passkey(request: Request, _who: Who, passkey_id: str) -> None:
    """Take one of one's passkeys away."""
    with writing(request) as work:
        platform_of(request).accounts.remove_passkey(work, seat_of(request), passkey_id)


@router.get("/rules")
def rules(request: Request, who: Who) -> AccountRules:
    """Return what one's organisation asks of accounts."""
    with reading(request) as work:
        return platform_of(request).accounts.rules(work, who)


@router.put("/rules")
def set_rules(request: Request, _who: Who, asked: AccountRules) -> AccountRules:
    """Say what the organisation asks of accounts, for administrators."""
    with writing(request) as work:
        return platform_of(request).accounts.set_rules(work, seat_of(request), asked)


@router.post("/{person_id}/reset")
def reset(request: Request, who: Who, person_id: str) -> Account:
    """Take away what somebody proves themselves by, and end their sessions."""
    with writing(request) as work:
        return platform_of(request).accounts.reset(work, who, person_id)

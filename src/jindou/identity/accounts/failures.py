"""Why a proof signs nobody in, or a change is refused. No message says whether somebody exists, or has a password."""

from jindou.errors import Conflict, Forbidden, Invalid, Limited, Unauthenticated, Unavailable

__all__ = [
    "CodeWrong",
    "NoSecondFactor",
    "PasskeyInvalid",
    "PasskeyRefused",
    "PasswordWeak",
    "PasswordWrong",
    "SecondFactorMissing",
    "SecondFactorNeeded",
    "SignInExpired",
    "SignInRefused",
    "SignInStale",
    "SignInThrottled",
    "TotpKeyMissing",
]


class SignInRefused(Unauthenticated):
    """Nobody is called that, or the password is another one: it is not said which."""

    code = "sign_in_refused"

    def __init__(self) -> None:
        super().__init__("The name or the password is wrong.")


class SignInThrottled(Limited):
    """There were too many tries; the next one is looked at after some time."""

    code = "sign_in_throttled"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"There were too many tries; wait {seconds:.0f} seconds.", retry_after=seconds)


class SignInStale(Forbidden):
    """What is asked for takes a proof of a moment ago that it is the person."""

    code = "sign_in_stale"

    def __init__(self) -> None:
        told = (
            "This takes a proof of the last ten minutes that it is you, in a session of your own: give one on"
            " /account/proof or at POST /api/accounts/me/proof, or sign in again; then try it again."
        )
        super().__init__(told, rules=["jindou.recent-sign-in"])


class PasswordWrong(Forbidden):
    """The old password is another one."""

    code = "password_wrong"

    def __init__(self) -> None:
        super().__init__("That is not your password.", rules=["jindou.own-account"])


class PasswordWeak(Invalid):
    """The new password is one that others would try."""

    code = "password_weak"


class SecondFactorMissing(Unauthenticated):
    """The password is right, and a code is needed as well."""

    code = "second_factor_missing"

    def __init__(self) -> None:
        super().__init__("A code of your authenticator, or a recovery code, is needed as well.")


class CodeWrong(Unauthenticated):
    """The code is not the one of now, or has been used."""

    code = "code_wrong"

    def __init__(self) -> None:
        super().__init__("That code is not the one of now, or has been used.")


class SignInExpired(Unauthenticated):
    """The first proof was given too long ago, or there were too many wrong codes after it."""

    code = "sign_in_expired"

    def __init__(self) -> None:
        super().__init__("Begin again: too much time has passed, or there were too many wrong codes.")


class NoSecondFactor(Conflict):
    """There is none to use or to rely on."""

    code = "no_second_factor"


class SecondFactorNeeded(Conflict):
    """The organisation requires a second factor, and this is the last one."""

    code = "second_factor_needed"


class TotpKeyMissing(Unavailable):
    """The vault's key that the secrets of authenticators are wrapped by can't be had."""

    code = "totp_key_missing"


class PasskeyRefused(Unauthenticated):
    """The passkey is not known here, or what it signed is not what was asked."""

    code = "passkey_refused"

    def __init__(self) -> None:
        super().__init__("This passkey signs nobody in here.")


class PasskeyInvalid(Invalid):
    """What a browser made is no passkey for this challenge."""

    code = "passkey_invalid"

    def __init__(self, rule: str) -> None:
        super().__init__(f"This is no new passkey: {rule}.", field="credential", rule=rule)

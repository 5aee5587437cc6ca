"""Why a proof signs nobody in, or a change is refused. No message says whether somebody exists, or has a password."""

from jindou.errors import Forbidden, Invalid, Limited, Unauthenticated

__all__ = ["PasswordWeak", "PasswordWrong", "SignInRefused", "SignInStale", "SignInThrottled"]


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
    """What is asked for takes a sign-in of a moment ago."""

    code = "sign_in_stale"

    def __init__(self) -> None:
        super().__init__(
            "This takes a recent sign-in: sign in again, then try it again.", rules=["jindou.recent-sign-in"]
        )


class PasswordWrong(Forbidden):
    """The old password is another one."""

    code = "password_wrong"

    def __init__(self) -> None:
        super().__init__("That is not your password.", rules=["jindou.own-account"])


class PasswordWeak(Invalid):
    """The new password is one that others would try."""

    code = "password_weak"

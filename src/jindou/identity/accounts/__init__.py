"""Local accounts: what people prove themselves by, and signing in with it."""

from jindou.identity.accounts.service import Accounts
from jindou.identity.accounts.types import (
    Account,
    AccountRules,
    Code,
    Credentials,
    Enrolment,
    Entered,
    NewPassword,
    Proof,
    RecoveryCodes,
    Visit,
    Waiting,
)

__all__ = [
    "Account",
    "AccountRules",
    "Accounts",
    "Code",
    "Credentials",
    "Enrolment",
    "Entered",
    "NewPassword",
    "Proof",
    "RecoveryCodes",
    "Visit",
    "Waiting",
]

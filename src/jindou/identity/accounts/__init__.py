"""Local accounts: what people prove themselves by, and signing in with it."""

from jindou.identity.accounts.service import Accounts
from jindou.identity.accounts.types import Account, Credentials, Entered, NewPassword, Visit

__all__ = [
    "Account",
    "Accounts",
    "Credentials",
    "Entered",
    "NewPassword",
    "Visit",
]

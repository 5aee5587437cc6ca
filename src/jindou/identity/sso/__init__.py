"""Single sign-on by OpenID Connect."""

from jindou.identity.sso.failures import LogoutRefused, ProviderUnavailable, SignInRefused, SsoNotInstalled
from jindou.identity.sso.service import Sso
from jindou.identity.sso.types import (
    Entrance,
    ExternalIdentity,
    NewProvider,
    Provider,
    ProviderChange,
    ProviderCheck,
    Return,
)

__all__ = [
    "Entrance",
    "ExternalIdentity",
    "LogoutRefused",
    "NewProvider",
    "Provider",
    "ProviderChange",
    "ProviderCheck",
    "ProviderUnavailable",
    "Return",
    "SignInRefused",
    "Sso",
    "SsoNotInstalled",
]

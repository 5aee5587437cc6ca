"""What a provider says of somebody, as far as it is used."""

from collections.abc import Mapping
from typing import Any, Final, cast

__all__ = ["Claims"]

_MOST_GROUPS: Final = 1000
_MOST_TEXT: Final = 200


class Claims:
    """The claims of an ID token, and of the userinfo endpoint where the token does not speak."""

    def __init__(self, token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> None:
        self._claims = {**userinfo, **token}
        self._of_email = token if "email_verified" in token else userinfo
        self.subject = str(token["sub"])
        sid = token.get("sid")
        self.sid = sid if isinstance(sid, str) else ""

    def email(self) -> str:
        """Return the address that the provider has verified, or an empty text.

        What says that it is verified has to name it: a token and the userinfo may speak of two.
        """
        is_verified = self._of_email.get("email_verified") is True
        is_this = self._of_email.get("email") == self._claims.get("email")
        return self._text("email") if is_verified and is_this else ""

    def handles(self) -> list[str]:
        """Return what may be a handle, the best first."""
        names = (self._text("preferred_username"), self.email(), self.email().partition("@")[0])
        return [name for name in dict.fromkeys(names) if name]

    def name(self) -> str:
        """Return what somebody is called, or an empty text."""
        both = " ".join(filter(None, (self._text("given_name"), self._text("family_name"))))
        return self._text("name") or both

    def language(self) -> str:
        """Return the language of the console that they read."""
        return "zh" if self._text("locale").lower().startswith("zh") else "en"

    def external_id(self, claim: str) -> str:
        """Return what a claim says, if that is a text."""
        value = self._at(claim) if claim else ""
        return value if isinstance(value, str) and len(value) <= _MOST_TEXT else ""

    def groups(self, claim: str) -> set[str]:
        """Return the groups that a claim lists, a thousand at most."""
        value = self._at(claim) if claim else None
        if isinstance(value, str):
            return {value}
        named = cast("list[object]", value) if isinstance(value, list) else []
        return {one for one in named[:_MOST_GROUPS] if isinstance(one, str)}

    def _at(self, claim: str) -> object:
        """Return the claim of that very name, else what the dots in it lead to."""
        if claim in self._claims:
            return self._claims[claim]
        value: object = self._claims
        for name in claim.split("."):
            value = cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
        return value

    def _text(self, claim: str) -> str:
        value = self._claims.get(claim)
        return value.strip() if isinstance(value, str) and len(value) <= _MOST_TEXT else ""

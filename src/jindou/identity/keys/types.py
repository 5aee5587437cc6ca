"""What a key is, and how one is asked for."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jindou.identity.keys.failures import ScopeNotAllowed
from jindou.identity.policy import Decision
from jindou.identity.principals import Principal

__all__ = ["Key", "KeyAsk", "KeyHolder", "KeyStatus", "NewKey", "Rotation", "Scope"]

KeyStatus = Literal["active", "expired", "revoked"]
Scope = Literal["completions", "embeddings", "models", "scim"]
"""What a key is good for. Only a key that names ``scim`` is good for it."""


def _printable(text: str) -> str:
    text = text.strip()
    if not text or not text.isprintable():
        raise ValueError("a name has letters that can be printed")
    return text


def _distinct(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}$")]


class KeyAsk(BaseModel):
    """A new key: a name to know it by, until when it is good, and what for; nothing named there is everything.

    `assistant` names whatever works with the key, so that the bill can tell of it; it gives no right.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]
    days: int | None = Field(default=None, ge=1, le=3650, description="Days until it expires; null is never.")
    models: list[ModelName] | None = Field(default=None, min_length=1, max_length=100)
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10), AfterValidator(_distinct)] | None = None
    assistant: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)] | None = None


class Rotation(BaseModel):
    """A new secret for a key, and how long the old one is still good."""

    model_config = ConfigDict(extra="forbid")

    grace_hours: float = Field(default=24.0, ge=0, le=720, allow_inf_nan=False)


class Key(BaseModel):
    """A key as its owner sees it. The secret is not in it: nobody but its holder has that."""

    id: str
    name: str
    prefix: str
    status: KeyStatus
    models: list[str] | None
    scopes: list[Scope] | None
    assistant: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    old_secret_until: datetime | None
    last_used_on: date | None


class NewKey(Key):
    """A key whose secret was just made. It is told this once."""

    secret: str


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whoever showed a key: the person it belongs to, with the rights they have now; `key_id` is empty without a key.

    `decision` is whether they may ask models (``completions::create``), `assistant` what the bill names them by, and
    `good_until` when the secret shown stops being good by itself. `made_by` is who made the key, and has its secret.
    """

    who: Principal
    key_id: str
    models: tuple[str, ...] | None
    scopes: frozenset[Scope] | None
    assistant: str
    decision: Decision
    good_until: datetime | None
    made_by: str = ""

    def may_use(self, model: str) -> bool:
        """Say whether the key is good for `model`."""
        return self.models is None or model in self.models

    def require_scope(self, scope: Scope) -> None:
        """Let only a key pass that is good for this kind of request.

        Raises:
            ScopeNotAllowed: it is not; the message says what it is good for.
        """
        if self.scopes is not None and scope not in self.scopes:
            good = ", ".join(sorted(self.scopes))
            raise ScopeNotAllowed(f"This key is not for {scope}; it is for {good}.", rules=["jindou.key-scopes"])

    def require_allowed(self) -> None:
        """Let only somebody pass who may ask models.

        Raises:
            Forbidden: they may not; the message and `rules` name the rule.
        """
        self.decision.require()

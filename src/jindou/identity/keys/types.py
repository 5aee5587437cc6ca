"""What a key is, and how one is asked for."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jindou.identity.principals import Principal

__all__ = ["Key", "KeyAsk", "KeyHolder", "KeyStatus", "NewKey", "Rotation"]

KeyStatus = Literal["active", "expired", "revoked"]


def _printable(text: str) -> str:
    text = text.strip()
    if not text or not text.isprintable():
        raise ValueError("a name has letters that can be printed")
    return text


ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}$")]


class KeyAsk(BaseModel):
    """A new key: a name to know it by, until when it is good, and for which models (none named: for all)."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]
    days: int | None = Field(default=None, ge=1, le=3650, description="Days until it expires; null is never.")
    models: list[ModelName] | None = Field(default=None, min_length=1, max_length=100)


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
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    old_secret_until: datetime | None
    last_used_on: date | None


class NewKey(Key):
    """A key whose secret was just made. It is told this once."""

    secret: str


class KeyHolder(BaseModel):
    """Whoever showed a key: the person it belongs to, with the rights they have now."""

    model_config = ConfigDict(frozen=True)

    who: Principal
    key_id: str
    models: tuple[str, ...] | None

    def may_use(self, model: str) -> bool:
        """Say whether the key is good for `model`."""
        return self.models is None or model in self.models

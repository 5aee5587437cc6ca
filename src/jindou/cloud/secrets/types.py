"""What a secret is, as its owner sees it, as it is put, and as a tool gets it."""

from datetime import datetime
from typing import Annotated, Final, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from typing_extensions import override

__all__ = ["Rewrapping", "Secret", "SecretAsk", "SecretOwner", "SecretStatus", "SecretValue", "StoredSecret"]

SecretOwner = Literal["person", "organisation"]
SecretStatus = Literal["active", "revoked"]

_LEAST: Final = 8
_MOST: Final = 64 * 1024


def _fitting(value: SecretStr) -> SecretStr:
    # Anything shorter could not be told from other words where it is scrubbed.
    try:
        length = len(value.get_secret_value().encode())
    except UnicodeEncodeError:
        raise ValueError("a secret is text in UTF-8") from None
    if not _LEAST <= length <= _MOST:
        raise ValueError("a secret has 8 bytes at least and 65,536 at most")
    return value


class SecretValue(BaseModel):
    """A value, on its way in: there is no way out."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    value: Annotated[SecretStr, AfterValidator(_fitting)]


class SecretAsk(SecretValue):
    """A new secret: the name by which tools ask for it, its value, and whose it is."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    owner: SecretOwner = "person"


class StoredSecret(BaseModel):
    """A secret as its owner sees it. The value is not in it: nobody reads that again."""

    id: str
    name: str
    owner: SecretOwner
    version: int
    status: SecretStatus
    created_at: datetime
    changed_at: datetime
    changed_by_name: str
    last_used_at: datetime | None


class Rewrapping(BaseModel):
    """The key that secrets are wrapped by, and how many are still wrapped by an older one."""

    key_id: str
    left: int


class Secret:
    """A credential in the hands of a tool. Only `reveal` says it: not `repr`, `str`, JSON or a pickle."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value

    def reveal(self) -> str:
        """Return the value, to be sent to the system that it is for."""
        return self._value

    @override
    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret can't be pickled or copied.")

"""People and service accounts, for those who look after them."""

from collections.abc import Mapping, Sequence

from jindou_client.transport import Transport
from jindou_client.types import Key, KeyScope, NewKey, Profile

__all__ = ["People", "ServiceAccounts"]


class _Profiles:
    """What people and service accounts have in common."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    def list(
        self, *, text: str | None = None, active: bool | None = None, after: int = 0, limit: int = 100
    ) -> Sequence[Profile]:
        """Return those whose handle, name or address has `text` in it, the oldest first; `after` so many."""
        asked = {"text": text, "active": None if active is None else str(active).lower()}
        return self._transport.get(list[Profile], self._path, {**asked, "after": after, "limit": limit})

    def get(self, id_: str) -> Profile:
        """Return one of them."""
        return self._transport.get(Profile, f"{self._path}/{id_}")

    def create(
        self,
        handle: str,
        name: str,
        *,
        email: str = "",
        roles: Sequence[str] = (),
        language: str = "en",
        title: Mapping[str, str] | None = None,
    ) -> Profile:
        """Add one, with roles of their own.

        Raises:
            Conflict: somebody has that handle, or one that looks like it.
        """
        asked: dict[str, object] = {"handle": handle, "name": name, "email": email, "roles": [*roles]}
        return self._transport.post(Profile, self._path, {**asked, "language": language, "title": {**(title or {})}})

    def update(
        self,
        id_: str,
        *,
        handle: str | None = None,
        name: str | None = None,
        email: str | None = None,
        roles: Sequence[str] | None = None,
        language: str | None = None,
    ) -> Profile:
        """Change what is given of one.

        Raises:
            Forbidden: it is one's own roles.
            Conflict: nobody would be left who can look after people.
        """
        given: dict[str, object] = {"handle": handle, "name": name, "email": email, "language": language}
        given["roles"] = None if roles is None else [*roles]
        change = {field: value for field, value in given.items() if value is not None}
        return self._transport.patch(Profile, f"{self._path}/{id_}", change)

    def deactivate(self, id_: str) -> Profile:
        """Let nobody and nothing act for them any more, at once.

        Raises:
            Conflict: nobody would be left who can look after people.
        """
        return self._transport.post(Profile, f"{self._path}/{id_}/deactivation")

    def reactivate(self, id_: str) -> Profile:
        """Take them back, with the roles they had; sessions and keys are made anew."""
        return self._transport.post(Profile, f"{self._path}/{id_}/reactivation")


class People(_Profiles):
    """Who works in the organisation."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/api/people")


class ServiceAccounts(_Profiles):
    """Programs with roles and keys of their own; nobody signs in as one."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/api/service-accounts")

    def create_key(
        self, id_: str, name: str, *, days: int | None = None, scopes: Sequence[KeyScope] | None = None
    ) -> NewKey:
        """Make a key for a service account; the answer has its `secret`, which nobody can read again."""
        asked = {"name": name, "days": days, "scopes": None if scopes is None else [*scopes]}
        return self._transport.post(NewKey, f"{self._path}/{id_}/keys", asked)

    def list_keys(self, id_: str) -> Sequence[Key]:
        """Return the keys of a service account, the newest first."""
        return self._transport.get(list[Key], f"{self._path}/{id_}/keys")

    def revoke_key(self, id_: str, key_id: str) -> Key:
        """Take a key of a service account back, at once and for good."""
        return self._transport.post(Key, f"{self._path}/{id_}/keys/{key_id}/revocation")

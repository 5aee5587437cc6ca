"""The keys that wrap data keys: in a file of the home, in the settings, or at a command that asks a KMS."""

import base64
import binascii
import hashlib
import os
import secrets
import shlex
import stat
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from jindou.cloud.secrets.failures import VaultKeyWrong
from jindou.cloud.secrets.sealing import open_sealed, seal
from jindou.settings import outside_environment

__all__ = ["KeyEncryption", "Wrapping", "open_keys"]

_BYTES = 32
_COMMAND_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Wrapping:
    """What wraps data keys for a moment: all that a KMS has to be asked is in here, so that `wrap` asks nobody.

    `lead` goes in front of what is wrapped.
    """

    key_id: str
    key: bytes = field(repr=False)
    lead: bytes = b""

    def wrap(self, data_key: bytes, bound_to: bytes) -> bytes:
        """Return the wrapped data key, which unwraps only with the same `bound_to`."""
        sealed = seal(self.key, data_key, bound_to)
        return self.lead + base64.b64encode(sealed) if self.lead else sealed


class KeyEncryption(Protocol):
    """Wraps the data keys of secrets. Whatever key wraps, older ones unwrap until nothing needs them."""

    def current(self) -> str:
        """Return the id of the key that wraps now, making one if there is none."""
        ...

    def knows(self, key_id: str) -> bool:
        """Say whether what that key wrapped can be unwrapped."""
        ...

    def wrapping(self) -> Wrapping:
        """Return what wraps by the current key. It may ask a KMS, for seconds: hold no transaction meanwhile."""
        ...

    def wrap(self, data_key: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """Return the id of the key and the wrapped data key; it asks as `wrapping` does."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, bound_to: bytes) -> bytes:
        """Return the data key.

        Raises:
            SecretDamaged: it was wrapped for something else, or by another key.
            VaultKeyWrong: there is no such key.
        """
        ...

    def renew(self) -> None:
        """Make a new key the current one.

        Raises:
            VaultKeyWrong: keys are not made here.
        """
        ...


def open_keys(file: Path, given: str, command: str) -> KeyEncryption:
    """Return the keys of `command`, else those `given` by the settings, else those in `file`.

    Raises:
        VaultKeyWrong: what is given is no key.
    """
    if command:
        return _CommandKeys(shlex.split(command))
    return _GivenKeys(given) if given else _FileKeys(file)


class _KnownKeys(ABC):
    """Keys that this process holds, the current one first."""

    where = "the setting `vault_key`"

    @abstractmethod
    def _keys(self) -> Mapping[str, bytes]: ...

    def current(self) -> str:
        return next(iter(self._keys()))

    def knows(self, key_id: str) -> bool:
        return key_id in self._keys()

    def wrapping(self) -> Wrapping:
        return Wrapping(*next(iter(self._keys().items())))

    def wrap(self, data_key: bytes, bound_to: bytes) -> tuple[str, bytes]:
        wrapping = self.wrapping()
        return wrapping.key_id, wrapping.wrap(data_key, bound_to)

    def unwrap(self, key_id: str, wrapped: bytes, bound_to: bytes) -> bytes:
        key = self._keys().get(key_id)
        if key is None:
            raise VaultKeyWrong(f"The vault's key {key_id} is not in {self.where}.")
        return open_sealed(key, wrapped, bound_to)


class _GivenKeys(_KnownKeys):
    def __init__(self, given: str) -> None:
        self._given = _read(given.replace(",", " ").split(), self.where)

    @override
    def _keys(self) -> Mapping[str, bytes]:
        return self._given

    def renew(self) -> None:
        raise VaultKeyWrong("The vault's key is in `vault_key`: put a new one before the old one there, and restart.")


class _FileKeys(_KnownKeys):
    """Keys in a file that only its owner reads; another process may have renewed them, so it is read each time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.where = str(file)

    @override
    def _keys(self) -> Mapping[str, bytes]:
        if not self._file.exists():
            self._write([])
        if stat.S_IMODE(self._file.stat().st_mode) & 0o077:
            raise VaultKeyWrong(f"Others may read {self._file}: chmod 600 it.")
        return _read(self._file.read_text(encoding="utf-8", errors="replace").split(), self.where)

    @override
    def knows(self, key_id: str) -> bool:
        return self._file.exists() and super().knows(key_id)

    def renew(self) -> None:
        self._write([base64.b64encode(key).decode() for key in self._keys().values()])

    def _write(self, older: Sequence[str]) -> None:
        temporary = self._file.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join([base64.b64encode(secrets.token_bytes(_BYTES)).decode(), *older, ""]))
            file.flush()
            os.fsync(file.fileno())
        if older:
            temporary.replace(self._file)
            return
        try:
            # Whoever comes second takes the key of whoever was first.
            os.link(temporary, self._file)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()


class _CommandKeys:
    """Keys that stay with somebody else: ``<command> id``, ``wrap`` and ``unwrap KEY``, base64 in and base64 out."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = [*command]

    def current(self) -> str:
        return self._ask("id")

    def knows(self, key_id: str) -> bool:
        return bool(key_id)

    def wrapping(self) -> Wrapping:
        # The command keeps a key of one use; what that wraps, and is bound to, the command needs to know nothing of.
        key_id, kek = self.current(), secrets.token_bytes(_BYTES)
        held = self._ask("wrap", given=base64.b64encode(kek).decode())
        return Wrapping(key_id, kek, held.encode() + b" ")

    def wrap(self, data_key: bytes, bound_to: bytes) -> tuple[str, bytes]:
        wrapping = self.wrapping()
        return wrapping.key_id, wrapping.wrap(data_key, bound_to)

    def unwrap(self, key_id: str, wrapped: bytes, bound_to: bytes) -> bytes:
        held, _, sealed = wrapped.partition(b" ")
        kek = _decode(self._ask("unwrap", key_id, given=held.decode()), "the answer of `vault_command`")
        return open_sealed(kek, base64.b64decode(sealed), bound_to)

    def renew(self) -> None:
        raise VaultKeyWrong("The vault's key is with `vault_command`: renew it there; what it wrapped follows.")

    def _ask(self, *words: str, given: str = "") -> str:
        try:
            done = subprocess.run(
                [*self._command, *words],
                input=given,
                capture_output=True,
                text=True,
                timeout=_COMMAND_SECONDS,
                check=True,
                env=outside_environment(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise VaultKeyWrong(f"`vault_command` does not {words[0]}: {type(error).__name__}.") from None
        return done.stdout.strip()


def _read(words: Sequence[str], where: str) -> Mapping[str, bytes]:
    keys = [_decode(word, where) for word in words]
    if not keys:
        raise VaultKeyWrong(f"There is no key in {where}.")
    return {hashlib.sha256(b"jindou.vault\0" + key).hexdigest()[:16]: key for key in keys}


def _decode(word: str, where: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise VaultKeyWrong(f"A key of the vault is 32 bytes in base64; in {where} is something else.")
    return key

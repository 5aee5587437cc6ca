"""An authenticator in software, which says what a test has it say: a passkey on ES256 with no attestation."""

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

__all__ = ["Authenticator"]

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey. `origin`, `rp_id`, `verified` and `counter` are what it answers with, true or not."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.rp_id = "localhost"
        self.verified = True
        self.counter = 0
        self.cross_origin = False
        self.user_handle = b""
        self.id = secrets.token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Make the passkey, for a challenge."""
        asked = options["publicKey"]
        self.user_handle = _bytes(asked["user"]["id"])
        public = cbor.encode(dict(ES256.from_cryptography_key(self._key.public_key())))
        attested = b"\0" * 16 + struct.pack(">H", len(self.id)) + self.id + public
        data = self._data(_ATTESTED) + attested
        made = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"])
        return self._credential({"clientDataJSON": _text(client), "attestationObject": _text(made)})

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """Sign a challenge."""
        client, data = self._client("webauthn.get", options["publicKey"]["challenge"]), self._data(0)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(data),
                "signature": _text(signature),
                "userHandle": _text(self.user_handle),
            }
        )

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        named = {"id": _text(self.id), "rawId": _text(self.id), "type": "public-key"}
        return {**named, "response": response, "clientExtensionResults": {}}

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verified else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.counter)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""An OpenID provider of our own, which does on request what no honest one does."""

import base64
import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from typing_extensions import override

from jindou.identity.sso import Return
from support.platform import FakeClock

__all__ = ["CLIENT", "Crooked", "Key", "open_crooked", "rsa_key", "signed"]

CLIENT = "jindou-at-acme"
Key = RSAKey | ECKey | OKPKey
Answer = tuple[int, Mapping[str, str], bytes]
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def signed(key: Key, claims: Mapping[str, Any], *, alg: str = "RS256", **header: Any) -> str:
    """Return a signed token."""
    protected = {"alg": alg, "kid": key.kid, **header}
    plain = {name: value for name, value in protected.items() if value is not None}
    return jws.serialize_compact(plain, json.dumps(claims).encode(), key, algorithms=[alg])


@cache
def rsa_key(kid: str) -> RSAKey:
    """Return the key of that name, the same one in the whole test run: making one takes its time."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


class Crooked:
    """Answers at `issuer` as an OpenID provider, until a test has it do otherwise.

    `metadata` are members to add or to take away (None), `answers` take the place of an address, `make_token` of the
    one that signs. `asked` counts what came to each path.
    """

    def __init__(self, issuer: str, clock: FakeClock) -> None:
        self.issuer = issuer
        self.clock = clock
        self.key: Key
        self.published: list[Mapping[str, Any]]
        self.metadata: dict[str, Any]
        self.answers: dict[str, Callable[[], Answer]]
        self.make_token: Callable[[dict[str, Any]], str]
        self.userinfo: dict[str, Any]
        self.asked: Counter[str] = Counter()
        self.forms: list[Mapping[str, str]] = []
        self.come_to_reason()
        self._codes: dict[str, tuple[Mapping[str, str], dict[str, Any]]] = {}

    def come_to_reason(self) -> None:
        """Do as an honest one would again."""
        self.key = rsa_key("first")
        self.published = [self.key.as_dict(private=False)]
        self.metadata, self.answers, self.userinfo = {}, {}, {}
        self.make_token = lambda claims: signed(self.key, claims)
        self.asked.clear()
        self.forms.clear()

    def let_in(self, url: str, subject: str = "u-1", **claims: Any) -> Return:
        """Do as the provider's page does when somebody signs in there; return what their browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_hex(8)
        self._codes[code] = (asked, {"sub": subject, **claims})
        return Return(state=asked["state"], code=code, issuer=self.issuer)

    def rotate(self, kid: str = "second") -> None:
        """Sign with another key from now on, and publish that alone."""
        self.key = rsa_key(kid)
        self.published = [self.key.as_dict(private=False)]

    def claims(self, **claims: Any) -> dict[str, Any]:
        """Return the claims of a token that is made now."""
        now = int(self.clock.now().timestamp())
        return {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, **claims}

    def logout_token(self, **claims: Any) -> str:
        """Return a logout token."""
        told = self.claims(**({"jti": secrets.token_hex(8), "events": {_LOGOUT: {}}} | claims))
        return signed(self.key, {name: value for name, value in told.items() if value is not None}, typ="logout+jwt")

    def answer(self, path: str, form: Mapping[str, str], authorization: str) -> Answer:
        """Return what comes back from an address."""
        self.asked[path] += 1
        self.forms.append({**form, "authorization": authorization})
        if path in self.answers:
            return self.answers[path]()
        if path == "/.well-known/openid-configuration":
            return _json(200, {name: value for name, value in self._described().items() if value is not None})
        if path == "/jwks":
            return _json(200, {"keys": self.published})
        if path == "/token":
            return self._token(form)
        return _json(200, self.userinfo) if path == "/userinfo" else _json(404, {})

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/out",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            **self.metadata,
        }

    def _token(self, form: Mapping[str, str]) -> Answer:
        asked, claims = self._codes.pop(form.get("code", ""), ({}, {}))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_same = form.get("redirect_uri") == asked.get("redirect_uri")
        if not asked or challenge != asked["code_challenge"] or asked["code_challenge_method"] != "S256" or not is_same:
            return _json(400, {"error": "invalid_grant"})
        token = self.make_token(self.claims(nonce=asked["nonce"], **claims))
        return _json(200, {"id_token": token, "access_token": "at-1", "token_type": "Bearer"})


@contextmanager
def open_crooked(clock: FakeClock) -> Generator[Crooked]:
    """Serve a provider until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: Mapping[str, str]) -> None:
            given = self.headers.get("authorization", "")
            status, headers, content = provider.answer(urlsplit(self.path).path, form, given)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = Crooked(f"http://127.0.0.1:{server.server_address[1]}", clock)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="crooked")
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(timeout=60)


def _json(status: int, value: Mapping[str, Any]) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps(value).encode()
